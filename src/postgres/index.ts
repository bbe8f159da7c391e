export {
  adoptDatabase,
  type DatabaseBefore,
  giveBackDatabase,
  lookBeforeAdoption,
  type OwnedObject,
  ownersOutOfReach,
} from "./adoptDatabase.ts";
export { type Clock, systemClock } from "./clock.ts";
export {
  type Client,
  type ConnectOptions,
  close,
  connect,
  type Queryable,
  serverVersion,
  withConnection,
} from "./connect.ts";
export {
  admitAdmin,
  admitRole,
  allowConnections,
  type CopyStrategy,
  closeToPublic,
  dropDatabase,
  endSessions,
  expelRole,
  setDatabaseComment,
  waitUntilEmpty,
} from "./database.ts";
export { type DatabaseState, observeDatabase } from "./databaseState.ts";
export { dressLike } from "./dressDatabase.ts";
export { createEmptyDatabase } from "./emptyDatabase.ts";
export { explainPostgresError, ForeignObjectError, PostgresError, type PostgresProblem } from "./errors.ts";
export {
  LEDGER_SQL,
  type LedgerRow,
  lastMigration,
  pendingMigrations,
  readLedger,
  rowOf,
  selectLedger,
} from "./ledger.ts";
export {
  LockHeldError,
  type LockHolder,
  type LockOptions,
  lockHolder,
  MIGRATION_LOCK_KEY,
  PoolerError,
  tenantLockKey,
  withAdvisoryLock,
} from "./lock.ts";
export { formatMarker, type Marker, type Ownership, ownershipOf, parseMarker } from "./marker.ts";
export { ensureLedger, type MigrateOptions, migrate } from "./migrate.ts";
export { MigrationFailedError, type MigrationRefusal, MigrationRefusedError } from "./migrationErrors.ts";
export {
  compareVersions,
  filesUpTo,
  type MigrationFile,
  parseMigrationFile,
  readMigrationFiles,
  sortMigrations,
} from "./migrationFile.ts";
export { lockOwnTables, OWN_TABLES, type OwnTable, TamperedSchemaError, withOwnTables } from "./ownTables.ts";
export { ident, literal, MAX_IDENTIFIER_BYTES } from "./quote.ts";
export { dropUnfinishedCopy, retireDatabase, setReadOnly } from "./retiredDatabase.ts";
export { RECOVERY_BUDGET_MS, type RetryOptions, withRetry } from "./retry.ts";
export {
  dropRole,
  ensureRole,
  observeRole,
  type RoleState,
  setRoleLogin,
  setRolePassword,
  type WantedRole,
} from "./role.ts";
export { scramVerifier } from "./scram.ts";
export type { ServerAdmin } from "./serverAdmin.ts";
export { codeOf, isAlreadyThere, isConnectionLoss, isSqlState, isTransient, SQLSTATE } from "./sqlState.ts";
export { dropStandIn, withStandIn } from "./standIn.ts";
export { type DatabaseSwitch, switchDatabase } from "./switchDatabase.ts";
export { ensureTemplate, TEMPLATE_OWNER, type TemplateContent, templateName } from "./template.ts";
export {
  type CreateOptions,
  type DatabaseStep,
  dropTenantDatabase,
  ensureTenantDatabase,
  setTenantAccess,
  type TenantDatabase,
} from "./tenantDatabase.ts";
export { type Isolation, type TransactionOptions, withTransaction } from "./transaction.ts";
export {
  describeUrl,
  formatPostgresUrl,
  type PostgresUrl,
  parsePostgresUrl,
  redact,
  withDatabase,
} from "./url.ts";
export { type WorkPurpose, workDatabaseName, workDatabaseNames } from "./workDatabase.ts";

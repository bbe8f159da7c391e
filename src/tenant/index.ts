export { type CheckReport, checkWorkspace } from "./checkWorkspace.ts";
export type {
  DesiredStatus,
  DesiredTenant,
  JsonValue,
  MigrationPlan,
  Setting,
  SettingSource,
} from "./desired.ts";
export { toDesiredTenant } from "./desiredTenant.ts";
export { removeEntryField, setEntryField } from "./editEntry.ts";
export {
  addServer,
  type NewServer,
  readServerFields,
  type ServerField,
  setServerField,
} from "./editServers.ts";
export { editStatus, type StatusWords } from "./editStatus.ts";
export { entryIn, type TenantEntry } from "./entry.ts";
export { type EntryEdit, rewriteEntry, rewriteStatus } from "./entryFile.ts";
export type { EnvironmentConfig, ServerConfig } from "./environmentConfig.ts";
export {
  CODES,
  type ErrorCode,
  exitCodeOf,
  httpStatusOf,
  InternalError,
  isErrorCode,
  UserError,
} from "./errors.ts";
export {
  entryPath,
  environmentNames,
  type LoadedEntry,
  type LoadedEnvironment,
  type LoadedPlan,
  loadEntry,
  loadEnvironment,
  loadWorkspace,
  stackFilePath,
  type Workspace,
} from "./load.ts";
export { type MigrationFile, migrationChecksum, readMigrationFiles } from "./migrationFiles.ts";
export { assertSlug, databaseNameOf, hostOf, roleNameOf, secretNameOf, stackOf } from "./names.ts";
export { type NewEntry, renderNewEntry } from "./newEntry.ts";
export { parseEnvironmentConfig } from "./parseEnvironmentConfig.ts";
export type { Plan } from "./plan.ts";
export { formatProblem, type Problem, ProblemsError, sortProblems } from "./problems.ts";
export {
  type Choice,
  configOf,
  loadTenant,
  reviewEnvironment,
  type Selection,
  selectTenants,
} from "./select.ts";

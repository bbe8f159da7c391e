export {
  type AdminContext,
  type AdminInputs,
  type AdminOutcome,
  type AdminPlan,
  adminHook,
  type ObservedAdmin,
} from "./admin.ts";
export {
  type CommandContext,
  type CommandMigrationInputs,
  commandMigrationsHook,
} from "./commandMigrations.ts";
export { explainMigration, type MigrationScene } from "./explainMigration.ts";
export type { Hook } from "./hook.ts";
export {
  type IdentityContext,
  type IdentityInputs,
  type IdentityPlan,
  identityHook,
  type ObservedIdentity,
  type SeedSecrets,
  setApiKeysSuspended,
} from "./identity.ts";
export { INVITATION_DAYS } from "./invitation.ts";
export { type Invite, type InviteWish, inviteAdmin } from "./invite.ts";
export { loadMigrations } from "./migrationSource.ts";
export { writeOperators } from "./operators.ts";
export { type SettingMap, type SettingsPlan, settingsHook } from "./settings.ts";
export { type MigrationsOutcome, type SqlMigrationInputs, sqlMigrationsHook } from "./sqlMigrations.ts";
export type { TenantContext } from "./tenantContext.ts";
export { ensureTenantSchema, ensureTenantTemplate, TENANT_SCHEMA_SQL } from "./tenantSchema.ts";

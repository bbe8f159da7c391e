export type { RestoreTarget } from "./archiveRestore.ts";
export {
  type BackupFile,
  type BackupFormat,
  type BackupRequest,
  restoreBackup,
  type TakenBackup,
  takeBackup,
  verifyBackup,
} from "./backup.ts";
export { describeSchema, schemaDifferences } from "./catalog.ts";
export { backupFolder } from "./destination.ts";
export type { BackupSource } from "./source.ts";

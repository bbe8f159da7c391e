export type { RestoreTarget } from "./archiveRestore.ts";
export {
  type BackupFile,
  type BackupFormat,
  type BackupRequest,
  type BackupWay,
  removeBackup,
  type TakenBackup,
  takeBackup,
  verifyBackup,
  writeBackup,
} from "./backup.ts";
export { describeSchema, schemaDifferences } from "./catalog.ts";
export {
  assertSameContents,
  type CopyTarget,
  contentDifferences,
  copyDatabase,
  type DatabaseContents,
  readContents,
} from "./copyDatabase.ts";
export { backupFolder } from "./destination.ts";
export { openBackupFile } from "./foreignFile.ts";
export { type BackupOrigin, readOrigin } from "./origin.ts";
export { compareRestored, type Rehearsal, rehearseRestore, restoreBackup } from "./restore.ts";
export type { BackupSource } from "./source.ts";

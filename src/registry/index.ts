export { type Attachment, readAttachment, recordAttachment } from "./attachments.ts";
export { type AuditDetails, type AuditEvent, type AuditRow, appendAudit, readAudit } from "./audit.ts";
export {
  type BackupKind,
  type BackupRow,
  type ExpiredBackup,
  finalBackupSince,
  listAllBackups,
  listBackups,
  listBackupsOfSlug,
  listExpiredBackups,
  type NewBackup,
  recordBackup,
  recordBackupDeleted,
  recordVerified,
} from "./backups.ts";
export { CACHE_CHANNEL, raiseCacheEpoch, tellMasterGoes } from "./cacheEpoch.ts";
export { recordFailure } from "./failure.ts";
export { NAMES_HINT, readHosts } from "./hosts.ts";
export { beatJob, createJob, endJob, type JobEnd, type JobRow, readJob } from "./jobs.ts";
export { forgetDatabase, type KeptDatabase, keepDatabase, listExpiredDatabases } from "./keptDatabases.ts";
export {
  fillOf,
  type Levelling,
  type Move,
  type PlacedTenant,
  planLevelling,
} from "./levelling.ts";
export {
  type Announcement,
  announce,
  beginCall,
  endCall,
  failCall,
  type ListenerCall,
  type ListenerEvent,
  readDueCalls,
  readOpenCalls,
} from "./listenerCalls.ts";
export { grantRead, migrateMaster } from "./master.ts";
export {
  dueMovedCopies,
  endMove,
  insertMove,
  keepMove,
  type MoveRow,
  type MoveState,
  openMove,
  switchMove,
  unfinishedMoves,
} from "./moves.ts";
export {
  listOperatorGrants,
  type OperatorGrant,
  removeOperatorGrant,
  upsertOperatorGrant,
} from "./operatorGrants.ts";
export { ensureMainOrganization, type OrganizationRow, readOrganization } from "./organization.ts";
export {
  claimMail,
  currentInvitation,
  type HeldInvitation,
  holdInvitation,
  type Invited,
  listWaitingMails,
  nextDelivery,
  noteDelivery,
  type OutboxRow,
  releaseInvitation,
  revokeInvitations,
  type WaitingMail,
} from "./outbox.ts";
export { type PhaseRow, readPhases, recordPhase } from "./phases.ts";
export { beginMove, freePlace, type PlaceResult, placeTenant, previewPlacement } from "./place.ts";
export { choosePlacement, type PlacementChoice, type PlacementWish, placementError } from "./placement.ts";
export { assertPurgeable, decidePurge, isPurgeable, type PurgeDecision, type PurgeFacts } from "./purge.ts";
export { type LostLife, rebuildRecord } from "./rebuild.ts";
export {
  changesOf,
  type FieldChange,
  pathTo,
  type RegisterResult,
  type Registration,
  register,
} from "./registration.ts";
export {
  changeReservation,
  type Reservation,
  type ReservationChange,
  type ReserveResult,
  reserveTenant,
  writeTombstone,
} from "./reservation.ts";
export { beginRetry, nextRetryOf, readClock } from "./retries.ts";
export { MAX_RETRIES, nextRetryAt } from "./retrySchedule.ts";
export { beginRotation, endRotation, type Rotation, readRotation } from "./rotation.ts";
export type { Actor, Run } from "./run.ts";
export { isSameJson } from "./sameJson.ts";
export { forgetSeededSecrets, noteSeededSecrets } from "./seededSecrets.ts";
export { listServers, readServer, removeServer, type ServerRow, upsertServer } from "./servers.ts";
export { type StatusBefore, statusBeforeDelete } from "./statusBefore.ts";
export {
  findNamesakes,
  listLives,
  listRecords,
  lockRecordById,
  readRecord,
  readRecordById,
  type TenantRow,
} from "./tenantRow.ts";
export {
  assertTransition,
  eventOf,
  isLegalTransition,
  LEGAL_TRANSITIONS,
  type TransitionOptions,
  transition,
} from "./transition.ts";

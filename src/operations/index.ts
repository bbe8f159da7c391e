export { type ChangedStatus, changeStatus } from "./changeStatus.ts";
export { type ClearedCache, clearCache } from "./clearCache.ts";
export { type OperationContext, type OperationOptions, openOperations } from "./context.ts";
export { missingRecord } from "./missingRecord.ts";
export { type Rotated, rotate } from "./rotate.ts";
export type { StatusChange } from "./statusWish.ts";
export { withTenantHeld } from "./tenantHeld.ts";

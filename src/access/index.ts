export { type Access, type AdminSession, openAccess, type Shared } from "./access.ts";
export { currentActor } from "./actor.ts";
export { ConnectionPool, type Lease } from "./connectionPool.ts";
export { Credentials } from "./credentials.ts";
export { repeatWhenCut } from "./repeatWhenCut.ts";
export { type ProvenPlace, withProvenLogin } from "./secretProof.ts";
export { openShared, startAuditedRun } from "./shared.ts";

import { randomUUID } from "node:crypto";
import type { Run } from "../registry/index.ts";
import type { Shared } from "./access.ts";
import { currentActor } from "./actor.ts";
import { ConnectionPool } from "./connectionPool.ts";
import { Credentials } from "./credentials.ts";

/** What all users of a process share: what a vault said within the last minute, and open connections. */
export function openShared(): Shared {
  return { credentials: new Credentials(), pool: new ConnectionPool() };
}

/** A run of this process for audit and phases; `TENANTRY_RUN_ID` groups several processes. */
export async function startAuditedRun(root: string): Promise<Run> {
  return { runId: process.env.TENANTRY_RUN_ID ?? randomUUID(), actor: await currentActor(root) };
}

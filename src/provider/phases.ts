import type { Client } from "../postgres/index.ts";
import { recordPhase, transition } from "../registry/index.ts";
import type { Phase } from "../tenant/phases.ts";
import { requireRecord } from "./records.ts";
import type { Run } from "./run.ts";

/** Notes in master that a phase is done. Call it only when something really changed. */
export async function markPhase(run: Run, tenantId: string, phase: Phase): Promise<void> {
  await run.access.withMaster(async (client) => {
    await resumeFailed(client, run, tenantId);
    await recordPhase(client, tenantId, phase, await run.audited());
  });
  run.point(`phase ${phase}`);
}

/** A failed first run that goes on (a bare `pulumi up` after the fix) is `provisioning` again. */
export async function resumeFailed(client: Client, run: Run, tenantId: string): Promise<void> {
  const { status } = await requireRecord(client, tenantId);
  if (status === "provisioning_failed")
    await transition(client, tenantId, "provisioning", await run.audited());
}

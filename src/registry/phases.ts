import type { Queryable } from "../postgres/index.ts";
import type { Phase } from "../tenant/phases.ts";
import type { Run } from "./run.ts";

/** One phase of one run. */
export interface PhaseRow {
  readonly runId: string;
  readonly phase: Phase;
  readonly at: Date;
}

/** Notes that a phase is done; once a run. Call it only when something really changed. */
export async function recordPhase(
  client: Queryable,
  tenantId: string,
  phase: Phase,
  run: Run,
): Promise<void> {
  await client.query(
    "INSERT INTO identity.tenant_phase (tenant_id, run_id, phase) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    [tenantId, run.runId, phase],
  );
}

/** A tenant's phases of all runs, in the order they were reached. */
export async function readPhases(client: Queryable, tenantId: string): Promise<readonly PhaseRow[]> {
  const { rows } = await client.query(
    `SELECT run_id AS "runId", phase, at FROM identity.tenant_phase WHERE tenant_id = $1 ORDER BY id`,
    [tenantId],
  );
  return rows;
}

import { randomUUID } from "node:crypto";
import type { Queryable } from "../postgres/index.ts";
import type { JsonValue } from "../tenant/desired.ts";

/** A job whose process has not been heard of for so long is lost. */
const LOST_AFTER_S = 60;

/** Work that goes on without the process that asked for it. */
export interface JobRow {
  readonly id: string;
  readonly tenantId: string;
  readonly slug: string;
  readonly kind: string;
  /** `lost`: it should run, and its process has not been heard of for a minute. */
  readonly state: "queued" | "running" | "done" | "failed" | "lost";
  readonly progress: string;
  readonly details: Readonly<Record<string, JsonValue>>;
  readonly startedAt: Date;
  readonly heartbeatAt: Date;
  readonly endedAt: Date | null;
  readonly errorCode: string | null;
  readonly error: string | null;
}

/** How a job ended. */
export type JobEnd =
  | { readonly state: "done"; readonly details: Readonly<Record<string, JsonValue>> }
  | { readonly state: "failed"; readonly code: string; readonly error: string };

/** Writes a new job, queued; answers its id. */
export async function createJob(client: Queryable, tenantId: string, kind: string): Promise<string> {
  const id = randomUUID();
  await client.query("INSERT INTO identity.job (id, tenant_id, kind, state) VALUES ($1, $2, $3, 'queued')", [
    id,
    tenantId,
    kind,
  ]);
  return id;
}

/** Says that a job's process lives, and what it does now. A job that has ended stays as it is. */
export async function beatJob(client: Queryable, id: string, progress?: string): Promise<void> {
  await client.query(
    `UPDATE identity.job SET state = 'running', heartbeat_at = clock_timestamp(), progress = coalesce($2, progress)
      WHERE id = $1 AND ended_at IS NULL`,
    [id, progress ?? null],
  );
}

/** Writes a job's end; once. `error` holds no secret. */
export async function endJob(client: Queryable, id: string, end: JobEnd): Promise<void> {
  const failure = end.state === "failed" ? end : undefined;
  await client.query(
    `UPDATE identity.job SET state = $2, details = $3, error_code = $4, error = $5, ended_at = clock_timestamp(),
            heartbeat_at = clock_timestamp() WHERE id = $1 AND ended_at IS NULL`,
    [
      id,
      end.state,
      JSON.stringify(end.state === "done" ? end.details : {}),
      failure?.code ?? null,
      failure?.error ?? null,
    ],
  );
}

/** One job; undefined where there is none of that id. */
export async function readJob(client: Queryable, id: string): Promise<JobRow | undefined> {
  const { rows } = await client.query(
    `SELECT j.id, j.tenant_id AS "tenantId", t.slug, j.kind, j.progress, j.details, j.started_at AS "startedAt",
            CASE WHEN j.ended_at IS NULL AND j.heartbeat_at < clock_timestamp() - make_interval(secs => $2) THEN 'lost'
                 ELSE j.state END AS state,
            j.heartbeat_at AS "heartbeatAt", j.ended_at AS "endedAt", j.error_code AS "errorCode", j.error
       FROM identity.job j JOIN identity.tenant t ON t.id = j.tenant_id WHERE j.id::text = $1`,
    [id, LOST_AFTER_S],
  );
  return rows[0];
}

import { beatJob, createJob, endJob, type JobRow, readJob } from "../registry/index.ts";
import type { JsonValue } from "../tenant/desired.ts";
import { InternalError, toUserError, UserError } from "../tenant/errors.ts";
import type { OperationContext } from "./context.ts";
import { requireHoused } from "./housedTenant.ts";

/** So often a job says that its process lives. */
const BEAT_MS = 5_000;

/** Writes a queued job for a tenant with data; answers its id, by which another process does it and any process looks at it. */
export async function queueJob(context: OperationContext, slug: string, kind: string): Promise<string> {
  const { id } = await requireHoused(context, slug);
  return context.access.withMaster((client) => createJob(client, id, kind));
}

/** A job of a tenant. Throws `E_ILLEGAL_TRANSITION` where the tenant has none of that id. */
export async function lookAtJob(context: OperationContext, slug: string, id: string): Promise<JobRow> {
  const job = await context.access.withMasterReader((client) => readJob(client, id));
  if (job?.slug === slug) return job;
  throw new UserError(
    "E_ILLEGAL_TRANSITION",
    `Tenant '${slug}' has no job '${id}'; expected one of its own.`,
  );
}

/**
 * Does a queued job's work in this process: its notes are the job's progress, its end the job's end. What `body` throws is written
 * down and thrown again.
 */
export async function runAsJob<T extends Readonly<Record<string, JsonValue>>>(
  context: OperationContext,
  id: string,
  body: (context: OperationContext) => Promise<T>,
): Promise<T> {
  const inMaster = (write: (client: Parameters<typeof beatJob>[0]) => Promise<void>) =>
    context.access.withMaster(write);
  let told = "begun";
  // One after another: a later beat never overtakes the end.
  let last = inMaster((client) => beatJob(client, id, told));
  const beat = () => {
    last = last.then(() => inMaster((client) => beatJob(client, id, told)));
    // Told by the end, which waits for it.
    last.catch(() => undefined);
  };
  const timer = setInterval(beat, BEAT_MS);
  const note = (text: string) => {
    told = text;
    context.note(text);
    beat();
  };
  try {
    const details = await body({ ...context, note });
    clearInterval(timer);
    await last;
    await inMaster((client) => endJob(client, id, { state: "done", details }));
    return details;
  } catch (error) {
    clearInterval(timer);
    const { code, message } = failureOf(error);
    await inMaster((client) => endJob(client, id, { state: "failed", code, error: message }));
    throw error;
  }
}

function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  const told = toUserError(error);
  if (told instanceof UserError) return told;
  const words = error instanceof Error ? error.message : String(error);
  return { code: error instanceof InternalError ? "INTERNAL" : "FAILED", message: words };
}

import { RunFailedError, type StackHold } from "../../deploy/index.ts";
import { redact } from "../../postgres/index.ts";
import { exitCodeOf, UserError } from "../../tenant/errors.ts";
import type { OperationContext } from "../context.ts";
import { withTenantHeld } from "../tenantHeld.ts";
import type { DueWork, MaintenanceTask } from "./task.ts";
import { TASKS } from "./tasks.ts";

/** What became of one piece of maintenance. */
export interface MaintainedItem {
  readonly task: string;
  readonly slug: string;
  /** `due`: a dry run found it. `skipped`: another run holds the tenant. `failed`: it is due again, or a person decides. */
  readonly outcome: "done" | "due" | "skipped" | "failed";
  /** What was or would be done, or what went wrong; no secret. */
  readonly words: string;
  /** Of a failure; `FAILED` where the engine gave none, `INTERNAL` for a defect. */
  readonly code?: string;
  /** What this item alone would end a process with. */
  readonly exitCode: number;
}

/** What {@link maintain} is asked. */
export interface MaintainOptions {
  /** Only finds what is due; writes nothing. */
  readonly isDryRun: boolean;
}

/**
 * Does everything that is due in an environment, task by task. A tenant that fails or is held by another run leaves the
 * others alone. Two at once do nothing twice: each looks again once it holds the tenant. After Ctrl-C nothing new begins.
 */
export async function maintain(
  context: OperationContext,
  { isDryRun }: MaintainOptions,
): Promise<readonly MaintainedItem[]> {
  const items: MaintainedItem[] = [];
  for (const task of TASKS) {
    const works = context.signal.aborted ? [] : await findDue(task, context, items);
    for (const work of works) {
      if (context.signal.aborted) return [...items, interrupted(task, work)];
      const item = isDryRun ? dueItem(task, work) : await perform(task, work, context);
      if (item !== undefined) items.push(item);
    }
  }
  return items;
}

/** A task that can't even be asked what is due is one failure, and the others go on. */
async function findDue(
  task: MaintenanceTask,
  context: OperationContext,
  items: MaintainedItem[],
): Promise<readonly DueWork[]> {
  try {
    return await task.due(context);
  } catch (error) {
    items.push({ task: task.name, slug: "all", ...explain(error) });
    return [];
  }
}

function dueItem({ name }: MaintenanceTask, { slug, words }: DueWork): MaintainedItem {
  return { task: name, slug, outcome: "due", words, exitCode: 0 };
}

function interrupted({ name }: MaintenanceTask, { slug }: DueWork): MaintainedItem {
  const words = "interrupted before it began; the next run does it and what comes after it";
  return { task: name, slug, outcome: "failed", words, code: "FAILED", exitCode: 1 };
}

async function perform(
  task: MaintenanceTask,
  work: DueWork,
  context: OperationContext,
): Promise<MaintainedItem | undefined> {
  const { name } = task;
  const { slug } = work;
  const note = (text: string) => context.note(`${slug}: ${name}: ${text}`);
  const own = { ...context, note };
  try {
    const words = task.isTenantHeld
      ? await withTenantHeld(own, slug, (hold) => work.run(hold))
      : await work.run(NOT_HELD);
    if (words === undefined) return undefined;
    note(words);
    return { task: name, slug, outcome: "done", words, exitCode: 0 };
  } catch (error) {
    const item = { task: name, slug, ...explain(error) };
    note(`${item.code}: ${item.words}`);
    return item;
  }
}

const NOT_HELD: StackHold = { letGoFor: (run) => run() };

/** A defect too stays with its tenant: else one would keep all others from their maintenance for ever. */
function explain(error: unknown): Pick<MaintainedItem, "outcome" | "words" | "exitCode"> & { code: string } {
  if (error instanceof UserError) {
    const { code, message } = error;
    const outcome = code === "E_LOCKED" ? "skipped" : "failed";
    return { outcome, code, words: redact(message), exitCode: exitCodeOf(code) };
  }
  if (error instanceof RunFailedError)
    return { outcome: "failed", code: "FAILED", words: redact(error.message), exitCode: 1 };
  const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { outcome: "failed", code: "INTERNAL", words: redact(words), exitCode: 1 };
}

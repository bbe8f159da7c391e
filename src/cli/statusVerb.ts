import { changeStatus, type StatusChange } from "../operations/index.ts";
import { runOperation } from "./operation.ts";
import { chooseLivingTargets } from "./removedEntries.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

/** The body of `suspend`, `resume`, `delete` and `undelete`. */
export async function runStatusChange(
  slug: string,
  change: StatusChange,
  options: CommonOptions,
  context: CliContext,
): Promise<number> {
  // What is wrong with the entry, or that it is gone, is told before anything is opened.
  await chooseLivingTargets([slug], options, context);
  return runOperation(slug, options, context, async (operation, onEvent) => {
    const { status, file, isEntryChanged, changes } = await changeStatus(operation, slug, change, onEvent);
    const already = isEntryChanged ? "" : `${file} says so already, `;
    const summary = `${status}, ${already}${changes === 0 ? "no changes" : `${changes} changed`}`;
    return { summary, details: { status, file, isEntryChanged, changes } };
  });
}

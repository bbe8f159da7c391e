import { checkpointText, needsKey, withCurrentUrns } from "../checkpoint.ts";
import { type CommandContext, stackContext } from "../commandContext.ts";
import { EngineError, REFUSED_EXIT_CODE } from "../errors.ts";
import { type Snapshot, verifyIntegrity } from "../snapshot.ts";
import { loadStack, withLock } from "../stackFile.ts";
import { amend } from "../state.ts";

/** Changes a stack's state under its lock; writes nothing when `edit` answers the snapshot it was given. */
export async function editState(
  context: CommandContext,
  edit: (snapshot: Snapshot) => Snapshot,
): Promise<void> {
  const stack = await stackContext(context);
  await withLock(context, stack, async () => {
    const { snapshot, secrets } = await loadStack(context, stack);
    const edited = edit(snapshot);
    if (edited === snapshot) return;
    verifyIntegrity(withCurrentUrns(edited.resources));
    if (needsKey(edited)) await secrets?.unlock();
    const name = `${stack.id.project}/${stack.id.stack}`;
    context.onPoint("state:edit:before");
    await stack.backend.writeCheckpoint(stack.id, checkpointText(name, edited, secrets));
    context.onPoint("state:edit:after");
  });
}

/** Takes `protect` off the named resources, or off all. */
export async function unprotectState(context: CommandContext): Promise<void> {
  const { positional: urns, flags } = context.invocation;
  const isAll = flags.has("--all");
  if (!isAll && urns.length === 0)
    throw new EngineError("`pulumi state unprotect` needs a resource's URN, or `--all`", REFUSED_EXIT_CODE);
  await editState(context, (snapshot) => {
    const living = snapshot.resources.filter((state) => !state.delete);
    const missing = urns.filter((urn) => !living.some((state) => state.urn === urn));
    if (missing.length > 0) throw new EngineError(`no such resource in the stack: ${missing.join(", ")}`);
    const chosen = living.filter((state) => state.protect && (isAll || urns.includes(state.urn)));
    for (const state of chosen) amend(state, { protect: false });
    return chosen.length === 0 ? snapshot : { ...snapshot };
  });
  context.out(isAll ? "All resources unprotected\n" : "Resources unprotected\n");
}

/** Drops what `--clear-pending-creates` of a refresh is about: creates of which nobody knows how they ended. */
export async function clearPendingCreates(context: CommandContext): Promise<void> {
  await editState(context, (snapshot) => {
    const kept = snapshot.pendingOperations.filter(({ type }) => type !== "creating");
    return kept.length === snapshot.pendingOperations.length
      ? snapshot
      : { ...snapshot, pendingOperations: kept };
  });
}

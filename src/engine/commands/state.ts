import { checkpointText, needsKey, withCurrentUrns } from "../checkpoint.ts";
import { type CommandContext, stackContext } from "../commandContext.ts";
import { EngineError, misuse } from "../errors.ts";
import { type PendingOperation, type Snapshot, verifyIntegrity } from "../snapshot.ts";
import { loadStack, withLock } from "../stackFile.ts";
import { amend, dependenciesOf, type ResourceState } from "../state.ts";
import { nameOfUrn, providerReference } from "../urn.ts";

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
  await changeProtection(context, false);
}

/** Protects the named resources, or all; an `up` whose program doesn't say so takes it off again. */
export async function protectState(context: CommandContext): Promise<void> {
  await changeProtection(context, true);
}

async function changeProtection(context: CommandContext, protect: boolean): Promise<void> {
  const { positional: urns, flags } = context.invocation;
  const isAll = flags.has("--all");
  const word = protect ? "protect" : "unprotect";
  if (!isAll && urns.length === 0)
    throw misuse(`\`pulumi state ${word}\` needs a resource's URN, or \`--all\``);
  await editState(context, (snapshot) => {
    const living = snapshot.resources.filter((state) => !state.delete);
    requireKnown(living, urns);
    const chosen = living.filter((state) => state.protect !== protect && (isAll || urns.includes(state.urn)));
    for (const state of chosen) amend(state, { protect });
    return chosen.length === 0 ? snapshot : { ...snapshot };
  });
  context.out(isAll ? `All resources ${word}ed\n` : `Resources ${word}ed\n`);
}

function requireKnown(states: readonly ResourceState[], urns: readonly string[]): void {
  const missing = urns.filter((urn) => !states.some((state) => state.urn === urn));
  if (missing.length > 0) throw new EngineError(`no such resource in the stack: ${missing.join(", ")}`);
}

/** Forgets resources; what they are in the world stays. */
export async function deleteState(context: CommandContext): Promise<void> {
  const { positional: urns, flags } = context.invocation;
  const isAll = flags.has("--all");
  if (isAll && urns.length > 0) throw misuse("cannot specify a resource URN when deleting all resources");
  if (!isAll && urns.length === 0) throw misuse("`pulumi state delete` needs a resource's URN, or `--all`");
  let count = 0;
  await editState(context, (snapshot) => {
    const condemned = condemnedBy(
      snapshot.resources,
      isAll ? undefined : urns,
      flags.has("--target-dependents"),
    );
    refuseProtected(context, condemned);
    count = condemned.size;
    const resources = snapshot.resources.filter((state) => !condemned.has(state));
    return count === 0 ? snapshot : { ...snapshot, resources };
  });
  context.out(
    isAll ? "Resources deleted\n" : count === 1 ? "Resource deleted\n" : `${count} resources deleted\n`,
  );
}

/** The named resources, or all; those that need them go with them or keep them from going. */
function condemnedBy(
  resources: readonly ResourceState[],
  urns: readonly string[] | undefined,
  takesDependents: boolean,
): ReadonlySet<ResourceState> {
  if (urns === undefined) return new Set(resources);
  requireKnown(resources, urns);
  const ambiguous = urns.filter((urn) => resources.filter((state) => state.urn === urn).length > 1);
  if (ambiguous.length > 0)
    throw new EngineError(
      `${ambiguous.join(", ")}: there are several resources of that URN, one of them to be deleted`,
    );
  const condemned = new Set(resources.filter((state) => urns.includes(state.urn)));
  const dependents = resources.filter(
    (state) => !condemned.has(state) && needsAny(state, condemned, takesDependents),
  );
  if (dependents.length > 0 && !takesDependents) {
    const lines = dependents.map(({ urn }) => ` * "${nameOfUrn(urn)}" (${urn})\n`).join("");
    throw new EngineError(
      `${urns.join(", ")} can't be safely deleted because the following resources depend on it:\n${lines}\nDelete those resources first or pass --target-dependents.`,
    );
  }
  return condemned;
}

/** Whether a resource needs one of the others; with `takes`, it joins them, so that what needs it is found too. */
function needsAny(state: ResourceState, others: Set<ResourceState>, takes: boolean): boolean {
  const needed = new Set(dependenciesOf(state));
  const isNeeding = [...others].some(
    (other) => needed.has(other.urn) || state.provider === providerReference(other.urn, other.id),
  );
  if (isNeeding && takes) others.add(state);
  return isNeeding;
}

function refuseProtected(context: CommandContext, condemned: ReadonlySet<ResourceState>): void {
  for (const { urn, protect } of condemned) {
    if (!protect) continue;
    if (!context.invocation.flags.has("--force")) {
      throw new EngineError(
        `${urn} can't be safely deleted because it is protected. Re-run this command with --force to force deletion`,
      );
    }
    context.err(`warning: deleting protected resource ${urn} due to presence of --force\n`);
  }
}

/**
 * Takes creates of which nobody knows how they ended into the stack, with the ids that the provider gave them: URN and id
 * by turns. The refresh that follows reads them.
 */
export async function importPendingCreates(context: CommandContext, pairs: readonly string[]): Promise<void> {
  if (pairs.length % 2 !== 0)
    throw misuse("each URN must be followed by an ID: found an odd number of entries");
  const ids = new Map<string, string>();
  for (let index = 0; index < pairs.length; index += 2) ids.set(pairs[index] ?? "", pairs[index + 1] ?? "");
  await editState(context, (snapshot) => {
    const isNamed = ({ type, resource }: PendingOperation): boolean =>
      type === "creating" && ids.has(resource.urn);
    const found = snapshot.pendingOperations.filter(isNamed);
    for (const urn of ids.keys()) {
      if (!found.some(({ resource }) => resource.urn === urn))
        context.err(`warning: "${urn}" did not correspond to a pending create\n`);
      else if (snapshot.resources.some((state) => state.urn === urn && !state.delete))
        throw new EngineError(`'${urn}' is in the stack already: clear its pending create instead`);
    }
    const made = found.map(({ resource }) => ({
      ...resource,
      id: ids.get(resource.urn) ?? "",
      serialized: undefined,
    }));
    const pendingOperations = snapshot.pendingOperations.filter((operation) => !isNamed(operation));
    return found.length === 0 ? snapshot : { resources: [...snapshot.resources, ...made], pendingOperations };
  });
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

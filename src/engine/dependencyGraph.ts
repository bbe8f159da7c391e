import { dependenciesOf, type ResourceState } from "./state.ts";
import { isProviderType, parseProviderReference } from "./urn.ts";

/** Anything that tells whether a URN belongs to it. */
export type UrnGroup = Pick<ReadonlySet<string>, "has">;

/** URNs of all that a resource needs, its provider's among them. */
export function needsOf(state: ResourceState): readonly string[] {
  const provider = state.provider === "" ? [] : [parseProviderReference(state.provider).urn];
  return [...dependenciesOf(state), ...provider];
}

/** The URNs of `resources` in `group` and of all that need them, directly or not; they stand in an order that is valid. */
export function withDependents(resources: readonly ResourceState[], group: UrnGroup): ReadonlySet<string> {
  const urns = new Set<string>();
  for (const state of resources) {
    if (group.has(state.urn) || needsOf(state).some((needed) => urns.has(needed))) urns.add(state.urn);
  }
  return urns;
}

/** The URNs of `resources` in `group` and of all that they need, directly or not; they stand in an order that is valid. */
export function withDependencies(resources: readonly ResourceState[], group: UrnGroup): ReadonlySet<string> {
  const urns = new Set<string>();
  for (const state of [...resources].reverse()) {
    if (!group.has(state.urn) && !urns.has(state.urn)) continue;
    for (const urn of [state.urn, ...needsOf(state)]) urns.add(urn);
  }
  return urns;
}

/**
 * The same resources, each after what it needs. What is in a valid order stays as it is; of several with one URN,
 * the first is what others need.
 */
export function inDependencyOrder(resources: readonly ResourceState[]): readonly ResourceState[] {
  const first = new Map<string, ResourceState>();
  for (const state of [...resources].reverse()) {
    for (const urn of [state.urn, ...state.aliases]) {
      first.set(urn, state);
      if (isProviderType(state.type)) first.set(`${urn}::${state.id}`, state);
    }
  }
  const ordered = new Set<ResourceState>();
  const visiting = new Set<ResourceState>();
  const place = (state: ResourceState): void => {
    if (visiting.has(state)) return;
    visiting.add(state);
    for (const name of [...dependenciesOf(state), state.provider]) {
      const needed = first.get(name);
      if (needed !== undefined) place(needed);
    }
    ordered.add(state);
  };
  for (const state of resources) place(state);
  return [...ordered];
}

/** Whether `state` needs one of the resources in `urns` (its parent aside). */
function dependsOnAny(
  state: ResourceState,
  urns: ReadonlySet<string>,
  providers: ReadonlySet<string>,
): boolean {
  return (
    providers.has(state.provider) ||
    urns.has(state.deletedWith) ||
    state.dependencies.some((urn) => urns.has(urn)) ||
    state.replaceWith.some((urn) => urns.has(urn)) ||
    Object.values(state.propertyDependencies).some((list) => list.some((urn) => urns.has(urn)))
  );
}

/** All that need `root`, directly or not, in the order of `resources`; those in `ignored` and theirs are left out. */
export function dependentsOf(
  resources: readonly ResourceState[],
  root: ResourceState,
  ignored: ReadonlySet<string>,
): readonly ResourceState[] {
  const urns = new Set([root.urn]);
  const providers = new Set(isProviderType(root.type) ? [`${root.urn}::${root.id}`] : []);
  const dependents: ResourceState[] = [];
  for (const state of resources.slice(resources.indexOf(root) + 1)) {
    if (ignored.has(state.urn) || !dependsOnAny(state, urns, providers)) continue;
    dependents.push(state);
    urns.add(state.urn);
    if (isProviderType(state.type)) providers.add(`${state.urn}::${state.id}`);
  }
  return dependents;
}

/**
 * Groups resources for deletion: each group may go at once, after the one before it. Nothing goes before
 * what depends on it or lies under it.
 */
export function deletionOrder(states: readonly ResourceState[]): readonly (readonly ResourceState[])[] {
  const remaining = new Set(states);
  const groups: ResourceState[][] = [];
  while (remaining.size > 0) {
    const needed = neededBy(remaining);
    const group = [...remaining].filter((state) => !isNeeded(state, needed));
    if (group.length === 0) throw new Error("the state's dependencies form a circle");
    for (const state of group) remaining.delete(state);
    groups.push(group);
  }
  return groups;
}

interface Needs {
  readonly urns: ReadonlyMap<string, ReadonlySet<ResourceState>>;
  readonly providers: ReadonlySet<string>;
}

/** What the remaining resources refer to, and who does. */
function neededBy(states: ReadonlySet<ResourceState>): Needs {
  const urns = new Map<string, Set<ResourceState>>();
  const providers = new Set<string>();
  const note = (urn: string, by: ResourceState): void => {
    urns.set(urn, (urns.get(urn) ?? new Set()).add(by));
  };
  for (const state of states) {
    providers.add(state.provider);
    for (const urn of [state.parent, state.deletedWith, ...state.dependencies, ...state.replaceWith])
      note(urn, state);
    for (const urn of Object.values(state.propertyDependencies).flat()) note(urn, state);
  }
  return { urns, providers };
}

function isNeeded(state: ResourceState, needs: Needs): boolean {
  if (needs.providers.has(`${state.urn}::${state.id}`)) return true;
  return [...(needs.urns.get(state.urn) ?? [])].some((by) => by !== state && by.urn !== state.urn);
}

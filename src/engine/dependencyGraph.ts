import type { ResourceState } from "./state.ts";
import { isProviderType } from "./urn.ts";

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

import { dependenciesOf, type ResourceState } from "./state.ts";
import { isProviderType, parseProviderReference, providerReference } from "./urn.ts";

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
  const needed = neededBy(states);
  /** How many of those that are left need each. */
  const needing = new Map(states.map((state) => [state, 0]));
  const count = (state: ResourceState, change: number): number => {
    const left = (needing.get(state) ?? 0) + change;
    needing.set(state, left);
    return left;
  };
  for (const list of needed.values()) for (const state of list) count(state, 1);
  const places = new Map(states.map((state, place) => [state, place]));
  const placeOf = (state: ResourceState): number => places.get(state) ?? 0;
  const groups: ResourceState[][] = [];
  let group = states.filter((state) => needing.get(state) === 0);
  for (let left = states.length; left > 0; left -= groups.at(-1)?.length ?? 0) {
    if (group.length === 0) throw new Error("the state's dependencies form a circle");
    groups.push(group);
    const freed = group.flatMap((state) =>
      [...(needed.get(state) ?? [])].filter((other) => count(other, -1) === 0),
    );
    group = freed.sort((one, other) => placeOf(one) - placeOf(other));
  }
  return groups;
}

/** Of each resource those that must stay as long as it does; what has its own URN, being a replacement's, needn't. */
function neededBy(states: readonly ResourceState[]): ReadonlyMap<ResourceState, ReadonlySet<ResourceState>> {
  const named = new Map<string, ResourceState[]>();
  const providers = new Map<string, ResourceState[]>();
  for (const state of states) {
    named.set(state.urn, [...(named.get(state.urn) ?? []), state]);
    const reference = providerReference(state.urn, state.id);
    providers.set(reference, [...(providers.get(reference) ?? []), state]);
  }
  const needsOfState = (state: ResourceState): ReadonlySet<ResourceState> => {
    const others = dependenciesOf(state).flatMap((urn) => (urn === state.urn ? [] : (named.get(urn) ?? [])));
    return new Set([...others, ...(providers.get(state.provider) ?? [])]);
  };
  return new Map(states.map((state) => [state, needsOfState(state)]));
}

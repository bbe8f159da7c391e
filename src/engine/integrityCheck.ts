import { verifyIntegrity } from "./snapshot.ts";
import { dependenciesOf, type ResourceState } from "./state.ts";
import { isProviderType, parseProviderReference, providerReference } from "./urn.ts";

/** What {@link verifyIntegrity} looks at of a state, as it was when it was verified. */
type Seen = Pick<
  ResourceState,
  | "urn"
  | "type"
  | "id"
  | "delete"
  | "provider"
  | "parent"
  | "deletedWith"
  | "dependencies"
  | "propertyDependencies"
  | "replaceWith"
>;

/** A resource of the list that was verified last. */
interface Entry {
  readonly state: ResourceState;
  readonly seen: Seen;
  /** By which others refer to it: its URN, and a provider's reference. */
  readonly names: readonly string[];
  /** Names of all it refers to. */
  readonly needs: ReadonlySet<string>;
  /** Index in the list. */
  place: number;
}

/** From one verified list to the next. What stays keeps its order. */
interface Change {
  readonly entries: readonly Entry[];
  readonly cut: readonly Entry[];
  readonly put: readonly Entry[];
}

/**
 * {@link verifyIntegrity} of one list after the other at the cost of what changed in between, so that verifying each
 * save of a run doesn't grow with the square of the stack. Two lists differ where a state is another object or a field
 * that counts has another value; of these, and of those that refer to what was there before, all is checked.
 */
export class IntegrityCheck {
  #entries: readonly Entry[] = [];
  /** Who has a name. */
  #holders = new Map<string, Set<Entry>>();
  /** Who refers to a name. */
  #needing = new Map<string, Set<Entry>>();

  /** Throws what {@link verifyIntegrity} throws of this list; the next one is then verified from nothing. */
  verify(resources: readonly ResourceState[]): void {
    const change = changeOf(this.#entries, resources);
    const lost = this.#apply(change);
    if (change.put.every((entry) => this.#isSound(entry)) && this.#areHeld(lost)) return;
    this.#entries = [];
    this.#holders = new Map();
    this.#needing = new Map();
    verifyIntegrity(resources);
    throw new Error("internal: the state is found valid as a whole and invalid by what changed");
  }

  /** Answers the names of what is no more, or stands elsewhere. */
  #apply({ entries, cut, put }: Change): ReadonlySet<string> {
    for (const entry of cut) {
      for (const name of entry.names) this.#holders.get(name)?.delete(entry);
      for (const name of entry.needs) this.#needing.get(name)?.delete(entry);
    }
    for (const entry of put) {
      for (const name of entry.names) note(this.#holders, name, entry);
      for (const name of entry.needs) note(this.#needing, name, entry);
    }
    let place = 0;
    for (const entry of entries) entry.place = place++;
    this.#entries = entries;
    return new Set(cut.flatMap(({ names }) => names));
  }

  #isSound(entry: Entry): boolean {
    const { provider, urn } = entry.seen;
    if (provider !== "" && !isReference(provider)) return false;
    const live = [...(this.#holders.get(urnName(urn)) ?? [])].filter(({ seen }) => !seen.delete);
    if (live.length > 1) return false;
    return [...entry.needs].every((name) => this.#standsBefore(name, entry));
  }

  /** Whether whoever refers to one of these still finds it before itself; forgets those that nobody has. */
  #areHeld(names: ReadonlySet<string>): boolean {
    for (const name of names) {
      for (const entry of this.#needing.get(name) ?? []) if (!this.#standsBefore(name, entry)) return false;
      if (this.#holders.get(name)?.size === 0) this.#holders.delete(name);
      if (this.#needing.get(name)?.size === 0) this.#needing.delete(name);
    }
    return true;
  }

  #standsBefore(name: string, { place }: Entry): boolean {
    for (const holder of this.#holders.get(name) ?? []) if (holder.place < place) return true;
    return false;
  }
}

function note(index: Map<string, Set<Entry>>, name: string, entry: Entry): void {
  const entries = index.get(name);
  if (entries === undefined) index.set(name, new Set([entry]));
  else entries.add(entry);
}

function changeOf(before: readonly Entry[], after: readonly ResourceState[]): Change {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && isAsSeen(before[start], after[start])) start++;
  let end = 0;
  while (end < shorter - start && isAsSeen(before[before.length - 1 - end], after[after.length - 1 - end]))
    end++;
  const left = new Map(before.slice(start, before.length - end).map((entry) => [entry.state, entry]));
  const kept = new Set<Entry>();
  const put: Entry[] = [];
  let floor = start;
  const middle = after.slice(start, after.length - end).map((state) => {
    const entry = left.get(state);
    if (entry !== undefined && entry.place >= floor && isAsSeen(entry, state)) {
      floor = entry.place + 1;
      kept.add(entry);
      return entry;
    }
    const fresh = entryOf(state);
    put.push(fresh);
    return fresh;
  });
  const cut = before.slice(start, before.length - end).filter((entry) => !kept.has(entry));
  return { entries: [...before.slice(0, start), ...middle, ...before.slice(before.length - end)], cut, put };
}

function entryOf(state: ResourceState): Entry {
  const { urn, type, id, provider, parent, deletedWith, dependencies, propertyDependencies, replaceWith } =
    state;
  const names = isProviderType(type)
    ? [urnName(urn), providerName(providerReference(urn, id))]
    : [urnName(urn)];
  const needs = new Set(dependenciesOf(state).map(urnName));
  if (provider !== "") needs.add(providerName(provider));
  const relations = { provider, parent, deletedWith, dependencies, propertyDependencies, replaceWith };
  return { state, seen: { urn, type, id, delete: state.delete, ...relations }, names, needs, place: 0 };
}

function isAsSeen(entry: Entry | undefined, state: ResourceState | undefined): boolean {
  if (entry === undefined || state === undefined || entry.state !== state) return false;
  const { seen } = entry;
  return (
    seen.delete === state.delete &&
    seen.id === state.id &&
    seen.urn === state.urn &&
    seen.type === state.type &&
    seen.provider === state.provider &&
    seen.parent === state.parent &&
    seen.deletedWith === state.deletedWith &&
    seen.dependencies === state.dependencies &&
    seen.propertyDependencies === state.propertyDependencies &&
    seen.replaceWith === state.replaceWith
  );
}

/** URNs and provider references are kept apart: one could read as the other. */
function urnName(urn: string): string {
  return `urn ${urn}`;
}

function providerName(reference: string): string {
  return `provider ${reference}`;
}

function isReference(text: string): boolean {
  try {
    parseProviderReference(text);
    return true;
  } catch {
    // What it says, the check of the whole list says again.
    return false;
  }
}

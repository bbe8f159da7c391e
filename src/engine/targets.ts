import { needsOf, type UrnGroup, withDependencies, withDependents } from "./dependencyGraph.ts";
import { dependenciesOf, type ResourceState } from "./state.ts";
import { isProviderType, ROOT_STACK_TYPE } from "./urn.ts";

/**
 * Which resources a run is asked about, by URN or by pattern: `*` stands for any text without a colon, `**` for any
 * text. Empty lists leave no resource out.
 */
export interface Selection {
  /** Only these are changed (`--target`). */
  readonly targets: readonly string[];
  /** And those that depend on them (`--target-dependents`). */
  readonly targetDependents: boolean;
  /** All but these are changed (`--exclude`). */
  readonly excludes: readonly string[];
  /** And but those that depend on them (`--exclude-dependents`). */
  readonly excludeDependents: boolean;
  /** Replaced, whatever their diff says (`--replace`). */
  readonly replaces: readonly string[];
}

/** A run about the whole stack. */
export const WHOLE_STACK: Selection = {
  targets: [],
  targetDependents: false,
  excludes: [],
  excludeDependents: false,
  replaces: [],
};

/** URNs and patterns. */
export class UrnSet {
  readonly #urns: Set<string>;
  readonly #patterns: readonly RegExp[];

  constructor(list: readonly string[]) {
    this.#urns = new Set(list.filter((text) => !text.includes("*")));
    this.#patterns = list.filter((text) => text.includes("*")).map(patternOf);
  }

  get isEmpty(): boolean {
    return this.#urns.size === 0 && this.#patterns.length === 0;
  }

  has(urn: string): boolean {
    return this.#urns.has(urn) || this.#patterns.some((pattern) => pattern.test(urn));
  }

  add(urn: string): void {
    this.#urns.add(urn);
  }
}

function patternOf(text: string): RegExp {
  const parts = text.split("**").map((part) => part.split("*").map(escapeRegExp).join("[^:]*"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Decides which resources a run is about; does nothing to any. */
export class Targets {
  readonly #selection: Selection;
  readonly #targets: UrnSet;
  readonly #excludes: UrnSet;
  readonly #replaces: UrnSet;
  /** The targets and, with `targetDependents`, what was found to depend on them. */
  readonly #chosen: UrnSet;
  /** The excludes and, with `excludeDependents`, what was found to depend on them. */
  readonly #left: UrnSet;

  constructor(selection: Selection) {
    this.#selection = selection;
    this.#targets = new UrnSet(selection.targets);
    this.#excludes = new UrnSet(selection.excludes);
    this.#replaces = new UrnSet(selection.replaces);
    this.#chosen = new UrnSet(selection.targets);
    this.#left = new UrnSet(selection.excludes);
  }

  /** Why a resource is left out, in the official CLI's words where it has any. */
  get reasonToLeave(): string {
    if (this.#targets.isEmpty) return "which is excluded and does not exist";
    return "which was was not specified in --target list";
  }

  /**
   * Whether a registered resource is brought to what the program asks. Must be asked for what it depends on first.
   * Providers and the stack always are: no resource can be changed without them.
   */
  includes(state: ResourceState): boolean {
    const isImplicit = isProviderType(state.type) || state.type === ROOT_STACK_TYPE;
    const isIncluded = this.#isIncluded(state.urn, needsOf(state));
    if (isIncluded || !isImplicit) this.#note(state.urn, isIncluded);
    return isIncluded || isImplicit;
  }

  /** Dependents are asked about later and follow it. */
  #note(urn: string, isIncluded: boolean): void {
    (isIncluded ? this.#chosen : this.#left).add(urn);
  }

  #isIncluded(urn: string, needs: readonly string[]): boolean {
    const { targetDependents, excludeDependents } = this.#selection;
    if (!this.#targets.isEmpty)
      return this.#targets.has(urn) || (targetDependents && needs.some((needed) => this.#chosen.has(needed)));
    if (this.#excludes.isEmpty) return true;
    return !this.#excludes.has(urn) && !(excludeDependents && needs.some((needed) => this.#left.has(needed)));
  }

  /** Whether it must be replaced, whatever its diff says. */
  isReplaced(urn: string): boolean {
    return this.#replaces.has(urn);
  }

  /** Those that a refresh reads; `resources` stand after what they need. A provider's are no dependents here. */
  refreshed(resources: readonly ResourceState[]): readonly ResourceState[] {
    return resources.filter((state) => {
      const isIncluded = this.#isIncluded(state.urn, dependenciesOf(state));
      this.#note(state.urn, isIncluded);
      return isIncluded;
    });
  }

  /** What may be deleted: the targets and what can't be without them, or all but the excluded and what they need. */
  deletable(resources: readonly ResourceState[]): UrnGroup {
    if (!this.#targets.isEmpty) return withDependents(resources, this.#targets);
    if (this.#excludes.isEmpty) return { has: () => true };
    const kept = this.#kept(resources);
    return { has: (urn) => !kept.has(urn) };
  }

  /** Ends when what is needed has no more dependents to keep. */
  #kept(resources: readonly ResourceState[], seeds: UrnGroup = this.#excludes): ReadonlySet<string> {
    const needed = withDependencies(resources, seeds);
    const kept = this.#selection.excludeDependents ? withDependents(resources, needed) : needed;
    return kept.size === needed.size ? kept : this.#kept(resources, kept);
  }

  /** Whether deleting `urn` was neither asked for nor allowed: it only depends on a target. */
  isUnasked(urn: string): boolean {
    return !this.#targets.isEmpty && !this.#targets.has(urn) && !this.#selection.targetDependents;
  }
}

/** URNs (patterns aside) that `isKnown` doesn't know, each with what the user is told. */
export function unknownTargets(
  list: readonly string[],
  isKnown: (urn: string) => boolean,
): readonly string[] {
  const unknown = list.filter((urn) => !urn.includes("*") && !isKnown(urn));
  return unknown.map((urn) => {
    const hint = urn.includes("$") ? "" : " Did you forget to escape $ in your shell?";
    return `Target '${urn}' could not be found in the stack.${hint}`;
  });
}

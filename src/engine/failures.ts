import { needsOf, withDependencies } from "./dependencyGraph.ts";
import type { ResourceState } from "./state.ts";

/** How a registration ended: a skipped one needs another that failed or was skipped. */
export type Result = "success" | "failed" | "skipped";

/** What failed or was skipped in a run that goes on, and what must stay because these are as they were. */
export class Failures {
  readonly #results = new Map<string, Result>();
  /** URNs in the state before the run. */
  readonly #olds = new Set<string>();

  resultOf(urn: string): Result {
    return this.#results.get(urn) ?? "success";
  }

  /** Notes a resource that isn't what the program asks for; `old` stays in the state, if there is one. */
  add(urn: string, result: "failed" | "skipped", old: ResourceState | undefined): void {
    this.#results.set(urn, result);
    if (old !== undefined) this.#olds.add(old.urn);
  }

  /** Whether a resource can't be brought to `state`: it failed before, or what it needs failed or was skipped. */
  blocks(state: ResourceState): boolean {
    return this.#results.has(state.urn) || needsOf(state).some((urn) => this.#results.has(urn));
  }

  /** URNs that must not be deleted; `resources` stand after what they need. */
  needed(resources: readonly ResourceState[]): ReadonlySet<string> {
    return this.#olds.size === 0 ? this.#olds : withDependencies(resources, this.#olds);
  }
}

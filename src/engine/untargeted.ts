import { needsOf } from "./dependencyGraph.ts";
import { type RunContext, StepFailure } from "./deploymentContext.ts";
import type { ResourceState } from "./state.ts";
import { type Step, skippedStep, untargetedStep } from "./step.ts";
import type { Targets } from "./targets.ts";

/** Leaves alone what a run isn't about, and refuses what can't be done without it. */
export class UntargetedResources {
  readonly #context: RunContext;
  readonly #targets: Targets;
  /** URNs that the program registers and that stay absent. */
  readonly #absent = new Set<string>();
  /** Those that stay as they are, though the program may want them changed. */
  readonly #kept: ResourceState[] = [];

  constructor(context: RunContext, targets: Targets) {
    this.#context = context;
    this.#targets = targets;
  }

  /** The step of a registered resource that isn't targeted. */
  leave(state: ResourceState, old: ResourceState | undefined): Step {
    if (old === undefined) {
      this.#absent.add(state.urn);
      return skippedStep(state);
    }
    if (old.provider !== "" && this.#context.registry.get(old.provider) === undefined) {
      throw new StepFailure(
        state.urn,
        `provider ${old.provider} for resource ${state.urn} has not been registered yet, this is due to a change of providers mixed with --target. Change your program back to the original providers`,
      );
    }
    this.#kept.push(old);
    return untargetedStep(old);
  }

  /** The step of a read that needs what stays absent, and can't be done; undefined for others. */
  leaveRead(state: ResourceState): Step | undefined {
    if (!needsOf(state).some((urn) => this.#absent.has(urn))) return undefined;
    this.#absent.add(state.urn);
    return skippedStep(state);
  }

  /** Refuses steps that need what stays absent; in a preview each such resource is told once. */
  requirePresent(steps: readonly Step[]): void {
    const needing = steps.flatMap(({ urn, after, isSkippedCreate }) =>
      after === undefined || isSkippedCreate ? [] : needsOf(after).map((needed) => ({ urn, needed })),
    );
    for (const { urn, needed } of needing) {
      if (!this.#absent.has(needed)) continue;
      const message = `Resource '${urn}' depends on '${needed}' ${this.#targets.reasonToLeave}.`;
      this.#context.report.error(urn, message);
      if (!this.#context.options.preview) throw new StepFailure(urn, message, { isReported: true });
      this.#absent.delete(needed);
    }
  }

  /** Refuses deletes that weren't asked for, and those of what a resource that stays as it is needs; true when any is. */
  refuseDeletes(steps: readonly Step[]): boolean {
    const { report } = this.#context;
    const unasked = steps.filter(({ urn }) => this.#targets.isUnasked(urn));
    for (const { urn } of unasked) {
      report.error(
        urn,
        `Resource '${urn}' will be destroyed but was not specified in --target list.\nEither include resource in --target list or pass --target-dependents to proceed.`,
      );
    }
    const needed = new Map(
      this.#kept.flatMap((state) => needsOf(state).map((urn) => [urn, state.urn] as const)),
    );
    const blocked = steps.filter(({ op, urn }) => op === "delete" && needed.has(urn));
    for (const { urn } of blocked) {
      report.error(
        urn,
        `Resource '${urn}' will be destroyed but '${needed.get(urn)}', which stays as it is, depends on it.`,
      );
    }
    return unasked.length + blocked.length > 0;
  }
}

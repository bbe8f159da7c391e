import { deletionOrder } from "./dependencyGraph.ts";
import type { RunContext } from "./deploymentContext.ts";
import { Differ } from "./differ.ts";
import { messageOf } from "./errors.ts";
import type { Failures } from "./failures.ts";
import { ReplacementPlanner } from "./replacements.ts";
import type { ResourceState } from "./state.ts";
import type { Step } from "./step.ts";
import { isProtected, protectedText } from "./stepActions.ts";
import type { StepExecutor } from "./stepExecutor.ts";
import type { StepGenerator } from "./stepGenerator.ts";

/** Deletes or reads the resources that the program, if there is one, has not registered. */
export class LeftOvers {
  readonly #context: RunContext;
  readonly #generator: StepGenerator;
  readonly #executor: StepExecutor;
  readonly #failures: Failures;
  readonly #planner: ReplacementPlanner;

  constructor(context: RunContext, generator: StepGenerator, executor: StepExecutor, failures: Failures) {
    this.#context = context;
    this.#generator = generator;
    this.#executor = executor;
    this.#failures = failures;
    this.#planner = new ReplacementPlanner(context, new Differ(context));
  }

  /** One that can't be read stops no other: reads build on nothing. The run fails all the same. */
  async refresh(): Promise<void> {
    await Promise.all(this.#generator.refreshes().map((step) => this.#run(step)));
  }

  /** Dependents first; nothing, and told why, when one of them must stay. */
  async delete(): Promise<void> {
    const leftOver = this.#generator.leftOver();
    const deletes = leftOver.filter(({ isUntargeted }) => !isUntargeted);
    const refusals = [this.#generator.refusesDeletes(deletes), this.#refuseProtected(deletes)];
    if (refusals.includes(true)) return;
    await this.#executor.run(leftOver.filter(({ isUntargeted }) => isUntargeted));
    await this.#deleteInOrder(new Map(deletes.map((step) => [step.old as ResourceState, step])));
  }

  async #deleteInOrder(steps: ReadonlyMap<ResourceState, Step>): Promise<void> {
    const states = [...steps.keys()];
    this.#executor.announceDeletes(states);
    for (const group of deletionOrder(states)) {
      const needed = this.#failures.needed([...this.#context.base, ...states]);
      const free = group.filter(({ urn }) => !needed.has(urn));
      await Promise.all(free.map((state) => this.#run(steps.get(state))));
      if (this.#executor.isStopped) return;
    }
  }

  async #run(step: Step | undefined): Promise<void> {
    if (step?.old === undefined) return;
    const { options } = this.#context;
    try {
      const isForgotten = step.op === "remove-pending-replace" || (options.preview && step.op !== "refresh");
      if (!isForgotten) await this.#planner.ensureProvider(step.old);
    } catch (error) {
      this.#fail(step, error);
      return;
    }
    const { outcome } = await this.#executor.run([step], this.#goesOn(step));
    if (outcome === "failed") this.#failures.add(step.urn, "failed", step.old);
  }

  #fail(step: Step, error: unknown): void {
    this.#context.report.error(step.urn, messageOf(error), error);
    if (this.#goesOn(step)) this.#failures.add(step.urn, "failed", step.old);
    else this.#executor.stop();
  }

  #goesOn({ op }: Step): boolean {
    return this.#context.options.continueOnError || op === "refresh";
  }

  /**
   * Refused before anything is deleted, so that a protected resource keeps all that it needs. A run that goes on
   * after errors deletes what a protected one doesn't need.
   */
  #refuseProtected(steps: readonly Step[]): boolean {
    const { options, report } = this.#context;
    if (options.continueOnError) return false;
    const refused = steps.filter(({ op, old }) => op === "delete" && old && isProtected(old, options));
    for (const { urn } of refused) report.error(urn, protectedText(urn));
    return refused.length > 0;
  }
}

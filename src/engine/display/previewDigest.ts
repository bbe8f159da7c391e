import type { Diagnostic, Summary } from "../events.ts";
import type { ResourceState } from "../state.ts";
import { resourceToJson } from "../stateJson.ts";
import { asPlanned, type Step, subjectOf } from "../step.ts";
import { mapEntries, type PropertyMap, Secret } from "../value.ts";
import { type Display, type DisplayOptions, isRootStack, isShown, type Output, shownOp } from "./display.ts";

const NANOSECONDS_PER_MS = 1_000_000;

/** `preview --json`: one document at the end, `{config, steps, diagnostics, duration, changeSummary}`. Secrets are blinded. */
export class PreviewDigest implements Display {
  readonly #output: Output;
  readonly #options: DisplayOptions;
  #config: Readonly<Record<string, string>> = {};
  readonly #steps: { readonly urn: string; readonly json: object }[] = [];
  readonly #diagnostics: Partial<Diagnostic>[] = [];
  readonly #startMs = Date.now();

  constructor(output: Output, options: DisplayOptions) {
    this.#output = output;
    this.#options = options;
  }

  prelude(config: Readonly<Record<string, string>>): void {
    this.#config = config;
  }

  before(step: Step): void {
    if (this.#isTold(step)) this.#steps.push({ urn: step.urn, json: this.#stepJson(asPlanned(step)) });
  }

  #isTold(step: Step): boolean {
    return isShown(step, this.#options) || isRootStack(step);
  }

  /** A refresh is told as what it found. */
  after(step: Step): void {
    if (step.op !== "refresh" || step.found === undefined) return;
    const index = this.#steps.findIndex(({ urn }) => urn === step.urn);
    if (index === -1) return;
    if (step.found === "same" && !this.#isTold(step)) this.#steps.splice(index, 1);
    else this.#steps[index] = { urn: step.urn, json: this.#stepJson(step) };
  }

  diagnostic({ urn, severity, message }: Diagnostic): void {
    const prefix = `${severity}: `;
    this.#diagnostics.push({ ...(urn === "" ? {} : { urn }), message: prefix + message, severity });
  }

  summary({ resourceChanges }: Summary): void {
    const digest = {
      ...(Object.keys(this.#config).length === 0 ? {} : { config: this.#config }),
      ...(this.#steps.length === 0 ? {} : { steps: this.#steps.map(({ json }) => json) }),
      ...(this.#diagnostics.length === 0 ? {} : { diagnostics: this.#diagnostics }),
      duration: (Date.now() - this.#startMs) * NANOSECONDS_PER_MS,
      ...(Object.keys(resourceChanges).length === 0 ? {} : { changeSummary: resourceChanges }),
    };
    this.#output.out(`${JSON.stringify(digest, null, 4)}\n`);
  }

  #stepJson(step: Step): object {
    const { detailedDiff, diffs, keys, old, after, urn } = step;
    const details = Object.entries(detailedDiff ?? {}).map(
      ([path, { kind, inputDiff }]) => [path, { kind, inputDiff }] as const,
    );
    return {
      op: shownOp(step),
      urn,
      provider: subjectOf(step).provider || undefined,
      oldState: old === undefined ? undefined : this.#stateJson(old, step),
      newState: after === undefined ? undefined : this.#stateJson(after, step),
      diffReasons: diffs.length === 0 ? undefined : diffs,
      replaceReasons: keys.length === 0 ? undefined : keys,
      detailedDiff: detailedDiff === undefined ? null : Object.fromEntries(details),
    };
  }

  #stateJson(state: ResourceState, step: Step): object {
    const isHidden = this.#options.hidesOutputs && isRootStack(step);
    const [inputs, outputs] = isHidden ? [{}, {}] : [blinded(state.inputs), blinded(state.outputs)];
    return resourceToJson({ ...state, inputs, outputs }, () => ({}));
  }
}

/** Secrets as the text `[secret]`. */
function blinded(map: PropertyMap): PropertyMap {
  return mapEntries(map, (part) => (part instanceof Secret ? "[secret]" : part));
}

import { type RunContext, StepFailure } from "./deploymentContext.ts";
import type { Goal } from "./goal.ts";
import { containsPath, parsePath, resetPath } from "./propertyPath.ts";
import {
  type CheckFailure,
  type DiffKind,
  type DiffRequest,
  type DiffResult,
  NO_DIFF,
  type PropertyDiff,
} from "./providers/provider.ts";
import type { ResourceState } from "./state.ts";
import { isProviderType, nameOfUrn, typeOfUrn } from "./urn.ts";
import { changedKeys, type PropertyMap } from "./value.ts";

/** Asks providers to check and diff, provider resources through the registry. */
export class Differ {
  readonly #context: RunContext;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** The inputs a provider makes of `news`; reports each refused property and throws. */
  async check(state: ResourceState, olds: PropertyMap, news: PropertyMap): Promise<PropertyMap> {
    const request = { urn: state.urn, olds, news, preview: this.#context.options.preview };
    const { inputs, failures } = isProviderType(state.type)
      ? await this.#context.registry.check(request)
      : await this.#providerOf(state).check(request);
    if (failures.length === 0) return inputs;
    for (const failure of failures)
      this.#context.report.error(state.urn, checkFailureText(state.urn, failure));
    throw new StepFailure(state.urn, `resource '${state.urn}' is invalid`, { isReported: true });
  }

  /** The provider's diff; where it doesn't know, inputs are compared. */
  async diff(state: ResourceState, request: Omit<DiffRequest, "urn" | "id">): Promise<DiffResult> {
    const full = { ...request, urn: state.urn, id: state.id };
    if (isProviderType(state.type)) return await this.#context.registry.diff(full);
    const diff = await this.#providerOf(state).diff(full);
    if (diff.changes !== "unknown") return diff;
    const news = this.resetIgnored(state.urn, request.newInputs, request.oldInputs, request.ignoreChanges);
    const keys = changedKeys(request.oldInputs, news);
    return keys.length === 0 ? NO_DIFF : { ...diff, changes: "some", changedKeys: keys };
  }

  /** `inputs` with the old values at the ignored paths; paths that can't be reset are reported. */
  resetIgnored(urn: string, inputs: PropertyMap, olds: PropertyMap, paths: readonly string[]): PropertyMap {
    let result = inputs;
    for (const path of paths) {
      const reset = resetPath(parsePath(path), olds, result);
      if (reset !== undefined) result = reset;
      else
        this.#context.report.info(
          urn,
          `cannot ignore changes in added or removed elements of the path '${path}'`,
        );
    }
    return result;
  }

  #providerOf(state: ResourceState): NonNullable<ReturnType<RunContext["registry"]["get"]>> {
    const provider = this.#context.registry.get(state.provider);
    if (provider === undefined) throw new StepFailure(state.urn, `unknown provider '${state.provider}'`);
    return provider;
  }
}

function checkFailureText(urn: string, { property, reason }: CheckFailure): string {
  const [type, name] = [typeOfUrn(urn), nameOfUrn(urn)];
  const where = property === "" ? "" : `. Examine values at '${name}.${property}'.`;
  return `${type} resource '${name}' has a problem: ${reason}${where}`;
}

/** Path that stands for initialization errors in `replaceOnChanges`. */
const INIT_ERROR_PATH = "#initerror";

/** Turns changes at the paths of `replaceOnChanges` into replacements. */
export function applyReplaceOnChanges(
  diff: DiffResult,
  replaceOnChanges: Goal["replaceOnChanges"],
  hasInitErrors: boolean,
): DiffResult {
  if (replaceOnChanges.length === 0 || (diff.changes !== "some" && !hasInitErrors)) return diff;
  const paths = replaceOnChanges.map(parsePath);
  const matches = (path: string): boolean => paths.some((prefix) => containsPath(prefix, parsePath(path)));
  const details = Object.entries(diff.detailedDiff ?? {}).map(
    ([path, change]) => [path, matches(path) ? toReplace(change) : change] as const,
  );
  const keys = new Set([...diff.replaceKeys, ...diff.changedKeys.filter(matches)]);
  const replacesForInit = hasInitErrors && matches(INIT_ERROR_PATH);
  if (replacesForInit) keys.add(INIT_ERROR_PATH);
  return {
    ...diff,
    changes: replacesForInit ? "some" : diff.changes,
    replaceKeys: [...keys],
    detailedDiff: diff.detailedDiff === undefined ? undefined : Object.fromEntries(details),
  };
}

function toReplace(change: PropertyDiff): PropertyDiff {
  if (change.kind.endsWith("-replace")) return change;
  return { ...change, kind: `${change.kind}-replace` as DiffKind };
}

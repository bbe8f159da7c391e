import { type Invocation, isOn, parallelOf } from "./args.ts";
import type { CommandContext } from "./commandContext.ts";
import { withDependencies } from "./dependencyGraph.ts";
import type { RunOptions } from "./deploymentContext.ts";
import { EngineError } from "./errors.ts";
import type { ResourceState } from "./state.ts";
import type { Selection } from "./targets.ts";

/** What a command line says of how a run is done. */
export interface CommandOptions
  extends Pick<RunOptions, "parallel" | "selection" | "continueOnError" | "ignoreProtect"> {
  /** How many resources `--exclude-protected` leaves: the protected ones and what they need. */
  readonly protectedCount: number;
}

/** Reads them for a stack of these resources. Throws on flags that contradict each other. */
export function runOptions(
  { invocation, environment }: Pick<CommandContext, "invocation" | "environment">,
  resources: readonly ResourceState[],
): CommandOptions {
  const { command, flags } = invocation;
  const isSet = (flag: string): boolean => isOn(flags.get(flag));
  const selection = selectionOf(invocation);
  const kept: ReadonlySet<string> = isSet("--exclude-protected") ? protectedOf(resources) : new Set();
  const mayContinue = command === "up" || command === "destroy";
  return {
    parallel: parallelOf(invocation),
    selection: { ...selection, excludes: [...selection.excludes, ...kept] },
    protectedCount: kept.size,
    continueOnError:
      mayContinue && (isSet("--continue-on-error") || isTruthy(environment.PULUMI_CONTINUE_ON_ERROR)),
    ignoreProtect: isSet("--ignore-protect"),
  };
}

/** How the official CLI reads a switch of its own in the environment. */
function isTruthy(value: string | undefined): boolean {
  return value === "1" || value?.toLowerCase() === "true";
}

const CONTRADICTIONS: readonly (readonly [string, string])[] = [
  ["--target", "--exclude"],
  ["--target", "--exclude-protected"],
  ["--exclude-protected", "--ignore-protect"],
];

function selectionOf({ flags, lists }: Invocation): Selection {
  for (const [one, other] of CONTRADICTIONS) {
    if (flags.has(one) && flags.has(other))
      throw new EngineError(`\`${one}\` and \`${other}\` exclude each other`);
  }
  const listed = (flag: string): readonly string[] => lists.get(flag) ?? [];
  const both = listed("--target-replace");
  return {
    targets: [...listed("--target"), ...both],
    targetDependents: isOn(flags.get("--target-dependents")),
    excludes: listed("--exclude"),
    excludeDependents: isOn(flags.get("--exclude-dependents")),
    replaces: [...listed("--replace"), ...both],
  };
}

function protectedOf(resources: readonly ResourceState[]): ReadonlySet<string> {
  const urns = resources.filter(({ protect }) => protect).map(({ urn }) => urn);
  return withDependencies(resources, new Set(urns));
}

/** Refuses a destroy or refresh of resources that the state doesn't have. */
export function requireInState({ targets, excludes }: Selection, resources: readonly ResourceState[]): void {
  const urns = new Set(resources.map(({ urn }) => urn));
  const absent = [...targets, ...excludes].find((urn) => !urn.includes("*") && !urns.has(urn));
  if (absent !== undefined) throw new EngineError(`no resource named '${absent}' found`);
}

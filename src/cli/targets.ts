import type { Command } from "commander";
import type { DesiredTenant } from "../tenant/desired.ts";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { formatProblem, loadWorkspace, selectTenants } from "../tenant/index.ts";
import { PLATFORM } from "./render/progress.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

/** Tenants that a run of all has at once: one waits for disks and clouds while another computes. */
const ALL_PARALLEL = 4;
/** A server's admin has eight connections in one process: more at once would only wait for each other. */
const MAX_PARALLEL = 32;

/** One stack of a run. */
export interface Target {
  /** Slug, or `platform`. */
  readonly name: string;
  readonly stack: string;
  /** Undefined for the platform. */
  readonly tenant?: DesiredTenant;
}

/** Options of the verbs that run stacks. */
export interface TargetOptions extends CommonOptions {
  readonly all?: boolean;
  readonly platform?: boolean;
  /** Tenants at once; default 1, with `--all` {@link ALL_PARALLEL}. */
  readonly parallel?: number;
}

/** Adds `--parallel`. */
export function addParallelOption(command: Command): Command {
  const words = `tenants at once (default: 1, with \`--all\` ${ALL_PARALLEL})`;
  return command.option("--parallel <n>", words, parseParallel);
}

/** How many targets run at once. */
export function parallelOf({ parallel, all }: TargetOptions): number {
  return parallel ?? (all === true ? ALL_PARALLEL : 1);
}

function parseParallel(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_PARALLEL) return count;
  throw new UsageError(`\`--parallel\`: expected a whole number from 1 to ${MAX_PARALLEL}; got '${text}'.`);
}

/** What a command line is about: the platform first, then tenants by slug. */
export interface Targets {
  readonly config: EnvironmentConfig;
  readonly list: readonly Target[];
}

/**
 * Reads entries and chooses. What is wrong elsewhere is told and doesn't stop named slugs. Throws where nothing is
 * named, or what is named is wrong; nothing has been touched then.
 */
export function chooseTargets(
  slugs: readonly string[],
  options: TargetOptions,
  context: CliContext,
): Targets {
  const isAll = options.all === true;
  if (isAll && slugs.length > 0) throw new UsageError("name slugs or give `--all`, not both.");
  if (!isAll && slugs.length === 0 && options.platform !== true)
    throw new UsageError("name a slug, or give `--all` or `--platform`.");
  const choice = isAll ? ({ kind: "all" } as const) : ({ kind: "named", slugs } as const);
  const selection = selectTenants(loadWorkspace(context.root), options.env, choice);
  for (const warning of selection.warnings) context.io.err(`warning: ${formatProblem(warning)}\n`);
  const platform: Target[] =
    isAll || options.platform === true ? [{ name: PLATFORM, stack: options.env }] : [];
  const tenants = selection.tenants.map((tenant) => ({ name: tenant.slug, stack: tenant.stack, tenant }));
  return { config: selection.config, list: [...platform, ...tenants] };
}

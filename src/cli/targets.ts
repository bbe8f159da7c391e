import type { DesiredTenant } from "../tenant/desired.ts";
import type { EnvironmentConfig } from "../tenant/environmentConfig.ts";
import { formatProblem, loadWorkspace, selectTenants } from "../tenant/index.ts";
import { PLATFORM } from "./render/progress.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

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

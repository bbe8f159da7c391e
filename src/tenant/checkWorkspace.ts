import type { DesiredTenant, MigrationPlan } from "./desired.ts";
import type { EnvironmentConfig } from "./environmentConfig.ts";
import { entryPath, stackFilePath, type Workspace } from "./load.ts";
import { readMigrationFiles } from "./migrationFiles.ts";
import { expectedGot, orList, type Problem, ProblemsError, sortProblems } from "./problems.ts";
import { absenceProblems, reviewEnvironment } from "./select.ts";

/** What `check` found. */
export interface CheckReport {
  /** What stops a run of what was asked for, sorted by place. */
  readonly problems: readonly Problem[];
  /** What is wrong elsewhere, sorted by place. */
  readonly warnings: readonly Problem[];
  /** Tenants of the environment that could be decided. */
  readonly tenants: readonly DesiredTenant[];
}

/**
 * Everything that can be known to be wrong without a connection: entries, plans, the environment's config, the rules between
 * tenants, and migrations with their targets. Slugs narrow it to them and what they stand on; none means all.
 */
export function checkWorkspace(
  workspace: Workspace,
  environment: string,
  slugs: readonly string[],
): CheckReport {
  const absent = slugs.flatMap((slug) => absenceProblems(workspace, environment, slug));
  const found = workspace.environments.find(({ name }) => name === environment);
  const config = found?.config;
  const review = config === undefined ? withoutConfig(workspace) : reviewEnvironment(workspace, config);
  const tenants = review.candidates.map(({ tenant }) => tenant);
  const migrations = config === undefined ? [] : migrationProblems(workspace.root, config, tenants);
  const all = [
    ...absent,
    ...(found === undefined ? [noEnvironment(workspace, environment)] : found.problems),
    ...review.problems,
    ...migrations,
  ];
  const isAsked = ({ place }: Problem) =>
    slugs.length === 0 || !place.file.startsWith("tenants/") || slugs.map(entryPath).includes(place.file);
  return {
    problems: sortProblems(all.filter(isAsked)),
    warnings: sortProblems([...all.filter((problem) => !isAsked(problem)), ...workspace.strayStackFiles]),
    tenants,
  };
}

/** Entries and plans can be judged by themselves where their environment can't. */
function withoutConfig(workspace: Workspace) {
  const { problems, plans, entries } = workspace;
  return {
    candidates: [],
    problems: [...problems, ...[...plans, ...entries].flatMap((item) => item.problems)],
  };
}

function noEnvironment({ environments }: Workspace, environment: string): Problem {
  const expected = `an environment's config (there are ${orList(environments.map(({ name }) => name))})`;
  const text = expectedGot(expected, "no such file");
  return { code: "E_NO_CONFIG", path: [], place: { file: stackFilePath(environment) }, text };
}

/** The environment's migrations, and each target that a plan or entry gives, once. */
function migrationProblems(
  root: string,
  config: EnvironmentConfig,
  tenants: readonly DesiredTenant[],
): Problem[] {
  const plans = [config.migrations, ...tenants.map(({ migrations }) => migrations)];
  const distinct = new Map(plans.map((plan) => [JSON.stringify(plan), plan]));
  const problems = [...distinct.values()].flatMap((plan) => problemsOfPlan(root, plan));
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

function problemsOfPlan(root: string, plan: MigrationPlan): readonly Problem[] {
  if (plan.kind === "command") return [];
  try {
    readMigrationFiles(root, plan.dir, plan.target);
    return [];
  } catch (error) {
    if (error instanceof ProblemsError) return error.problems;
    throw error;
  }
}

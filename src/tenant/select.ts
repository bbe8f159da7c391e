import type { DesiredTenant } from "./desired.ts";
import { toDesiredTenant } from "./desiredTenant.ts";
import { entryIn, type TenantEntry } from "./entry.ts";
import type { EnvironmentConfig } from "./environmentConfig.ts";
import { UserError } from "./errors.ts";
import { ancestorsOf, checkFamilyRules } from "./familyRules.ts";
import {
  entryPath,
  environmentNames,
  type LoadedEntry,
  type LoadedPlan,
  loadEntry,
  loadPlans,
  loadWorkspace,
  stackFilePath,
  type Workspace,
} from "./load.ts";
import { assertSlug, RESERVED_ENVIRONMENTS } from "./names.ts";
import { expectedGot, orList, type Problem, refuseProblems } from "./problems.ts";
import { type Candidate, checkTenantRules, decidingPlace } from "./rules.ts";
import { nearestName } from "./suggestion.ts";

/** Which tenants a run is about. */
export type Choice = { readonly kind: "all" } | { readonly kind: "named"; readonly slugs: readonly string[] };

/** What a run works on. */
export interface Selection {
  readonly config: EnvironmentConfig;
  /** Sorted by slug. */
  readonly tenants: readonly DesiredTenant[];
  /** What is wrong elsewhere and doesn't stop this run. */
  readonly warnings: readonly Problem[];
}

/** The tenants of one environment, decided, and everything wrong about them. */
export interface EnvironmentReview {
  readonly candidates: readonly Candidate[];
  /** Of entries, plans and rules; those of a file that isn't readable as an entry may be about any environment. */
  readonly problems: readonly Problem[];
}

/**
 * Chooses tenants of an environment. `all` throws when anything is wrong with any entry or plan; named slugs need only
 * themselves, their plans and the rules between entries to hold, and what else is wrong comes back as warnings.
 */
export function selectTenants(workspace: Workspace, environment: string, choice: Choice): Selection {
  const config = configOf(workspace, environment);
  const review = reviewEnvironment(workspace, config);
  const tenants = review.candidates.map(({ tenant }) => tenant);
  if (choice.kind === "all") {
    refuseProblems(review.problems, "Nothing was touched: `--all` needs every entry to hold.");
    return { config, tenants, warnings: workspace.strayStackFiles };
  }
  const missing = choice.slugs.flatMap((slug) => absenceProblems(workspace, environment, slug));
  const files = new Set(choice.slugs.map(entryPath));
  refuseProblems([...missing, ...review.problems.filter(({ place }) => files.has(place.file))]);
  return {
    config,
    tenants: tenants.filter(({ slug }) => choice.slugs.includes(slug)),
    warnings: [...review.problems, ...workspace.strayStackFiles],
  };
}

/** Decides every tenant of an environment and checks the rules between them; throws nothing. */
export function reviewEnvironment(workspace: Workspace, config: EnvironmentConfig): EnvironmentReview {
  const decided = workspace.entries.map((loaded) => decide(loaded, workspace.plans, config));
  const candidates = decided.flatMap(({ candidate }) => (candidate === undefined ? [] : [candidate]));
  return {
    candidates,
    problems: [
      ...workspace.problems,
      ...workspace.plans.flatMap(({ problems }) => problems),
      ...decided.flatMap(({ problems }) => problems),
      ...checkTenantRules(candidates, config),
      ...checkFamilyRules(candidates, config),
    ],
  };
}

/** An environment's config; throws `E_NO_CONFIG` with everything that is wrong with it. */
export function configOf(workspace: Workspace, environment: string): EnvironmentConfig {
  const found = workspace.environments.find(({ name }) => name === environment);
  if (found === undefined) {
    const names = orList(workspace.environments.map(({ name }) => name));
    const got = "no such file";
    throw new UserError(
      "E_NO_CONFIG",
      `${stackFilePath(environment)}: ${expectedGot("an environment's config", got)}`,
      {
        hint: `The environments are ${names}; choose one with \`--env\`.`,
      },
    );
  }
  refuseProblems(found.problems);
  return found.config as EnvironmentConfig;
}

/** One tenant as the Pulumi program needs it: reads its entry and the plans, not the other entries. Throws its problems. */
export function loadTenant(root: string, slug: string, config: EnvironmentConfig): DesiredTenant {
  assertSlug(slug, [...environmentNames(root), ...RESERVED_ENVIRONMENTS]);
  const loaded = loadEntry(root, slug);
  if (loaded === undefined) {
    const text = expectedGot("an entry", "no such file");
    throw new UserError("E_INVALID_ENTRY", `${entryPath(slug)}: ${text}`);
  }
  refuseProblems(absentProblem(loaded, config.environment));
  const { candidate, problems } = decide(loaded, loadPlans(root), config);
  refuseProblems([
    ...problems,
    ...(candidate === undefined ? [] : checkTenantRules([candidate], config)),
    ...(candidate === undefined ? [] : familyProblems(root, candidate, config)),
  ]);
  return (candidate as Candidate).tenant;
}

/** What is wrong between one tenant and those above it; where it is to be deleted, those below it too. */
function familyProblems(root: string, candidate: Candidate, config: EnvironmentConfig): Problem[] {
  const { status, parent, slug } = candidate.tenant;
  const isOwn = ({ place }: Problem) => place.file === candidate.source.file;
  if (status === "deleted") {
    const { candidates } = reviewEnvironment(loadWorkspace(root), config);
    return checkFamilyRules(candidates, config).filter(isOwn);
  }
  const plans = parent === undefined ? [] : loadPlans(root);
  const known = new Map([[slug, candidate]]);
  const parentOf = (name: string) => {
    const loaded = known.has(name) ? undefined : loadEntry(root, name);
    const found = loaded === undefined ? undefined : decide(loaded, plans, config).candidate;
    if (found !== undefined) known.set(name, found);
    return known.get(name)?.tenant.parent;
  };
  // The last one's parent is asked for as well, so every ancestor is known then.
  ancestorsOf(slug, parentOf);
  return checkFamilyRules([...known.values()], config).filter(isOwn);
}

interface Decided {
  readonly candidate: Candidate | undefined;
  readonly problems: readonly Problem[];
}

/** Decides one entry; one that isn't for this environment is nothing to decide. */
function decide(loaded: LoadedEntry, plans: readonly LoadedPlan[], config: EnvironmentConfig): Decided {
  const { entry, source } = loaded;
  if (entry === undefined) return { candidate: undefined, problems: loaded.problems };
  if (!entry.environments.includes(config.environment)) return { candidate: undefined, problems: [] };
  const name = entryIn(entry, config.environment).plan;
  const found = plans.find((plan) => plan.name === name);
  if (found?.plan === undefined) {
    return { candidate: undefined, problems: [planProblem(loaded, name, found, plans, config.environment)] };
  }
  return { candidate: { tenant: toDesiredTenant(entry, found.plan, config), source }, problems: [] };
}

function planProblem(
  { source }: LoadedEntry,
  name: string,
  found: LoadedPlan | undefined,
  plans: readonly LoadedPlan[],
  environment: string,
): Problem {
  const expected = `${orList(plans.map((plan) => plan.name))} (plans/*.yaml)`;
  const text =
    found === undefined
      ? expectedGot(expected, `'${name}'`)
      : expectedGot("a plan without problems", found.file);
  return { code: "E_INVALID_ENTRY", ...decidingPlace(source, ["plan"], environment), text };
}

/** What is wrong with naming this slug in this environment: no entry, or not one of it. Throws for what is no slug. */
export function absenceProblems(workspace: Workspace, environment: string, slug: string): Problem[] {
  assertSlug(slug, [...workspace.environments.map(({ name }) => name), ...RESERVED_ENVIRONMENTS]);
  const loaded = workspace.entries.find((entry) => entry.slug === slug);
  if (loaded !== undefined) return absentProblem(loaded, environment);
  const near = nearestName(
    slug,
    workspace.entries.map((entry) => entry.slug),
  );
  const suggestion = near === undefined ? "" : ` Did you mean '${near}'?`;
  const text = `${expectedGot("an entry", "no such file")}${suggestion}`;
  return [{ code: "E_INVALID_ENTRY", path: [], place: { file: entryPath(slug) }, text }];
}

/** The problem of an entry that was named for an environment it isn't in. */
function absentProblem({ entry, source }: LoadedEntry, environment: string): Problem[] {
  if (entry === undefined || entry.environments.includes(environment)) return [];
  const path = ["environments"];
  const text = expectedGot(`'${environment}' among them`, listOf(entry));
  return [{ code: "E_INVALID_ENTRY", path, place: source.placeOf(path), text }];
}

function listOf(entry: TenantEntry): string {
  return entry.environments.map((name) => `'${name}'`).join(", ");
}

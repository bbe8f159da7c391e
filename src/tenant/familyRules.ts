import type { EnvironmentConfig } from "./environmentConfig.ts";
import { expectedGot, type Problem, type ValuePath } from "./problems.ts";
import { type Candidate, decidingPlace } from "./rules.ts";
import { nearestName } from "./suggestion.ts";

/**
 * What must hold between a tenant and the tenants above and below it: a parent is a tenant of the same environment that
 * isn't deleted while a child lives, and nobody is above himself. Needs all tenants that may be related.
 */
export function checkFamilyRules(candidates: readonly Candidate[], config: EnvironmentConfig): Problem[] {
  const bySlug = new Map(candidates.map((candidate) => [candidate.tenant.slug, candidate]));
  return candidates.flatMap((candidate) => [
    ...parentProblems(candidate, bySlug, config),
    ...childProblems(candidate, candidates),
  ]);
}

/** A tenant's ancestors, its parent first; ends before a slug comes again. */
export function ancestorsOf(slug: string, parentOf: (slug: string) => string | undefined): readonly string[] {
  const line: string[] = [];
  for (
    let next = parentOf(slug);
    next !== undefined && next !== slug && !line.includes(next);
    next = parentOf(next)
  )
    line.push(next);
  return line;
}

type BySlug = ReadonlyMap<string, Candidate>;

function parentProblems(candidate: Candidate, bySlug: BySlug, { environment }: EnvironmentConfig): Problem[] {
  const { slug, parent, status } = candidate.tenant;
  if (parent === undefined) return [];
  const above = bySlug.get(parent);
  if (above === undefined) {
    const near = nearestName(parent, [...bySlug.keys()]);
    const suggestion = near === undefined ? "" : ` Did you mean '${near}'?`;
    return [wrong(candidate, ["parent"], `a tenant of '${environment}'`, `'${parent}'`, suggestion)];
  }
  if (isCircle(slug, bySlug))
    return [wrong(candidate, ["parent"], "a tenant that isn't below this one", `'${parent}'`)];
  if (status !== "deleted" && above.tenant.status === "deleted")
    return [wrong(candidate, ["parent"], "a tenant that isn't deleted", `'${parent}'`)];
  return [];
}

/** Whether the way up comes back to where it began. */
function isCircle(slug: string, bySlug: BySlug): boolean {
  const parentOf = (name: string) => bySlug.get(name)?.tenant.parent;
  const last = ancestorsOf(slug, parentOf).at(-1) ?? slug;
  return parentOf(last) === slug;
}

function childProblems(candidate: Candidate, candidates: readonly Candidate[]): Problem[] {
  const { slug, status } = candidate.tenant;
  if (status !== "deleted") return [];
  const children = candidates.filter(({ tenant }) => tenant.parent === slug && tenant.status !== "deleted");
  if (children.length === 0) return [];
  const names = children.map(({ tenant }) => `'${tenant.slug}'`).join(", ");
  return [wrong(candidate, ["status"], `'active' or 'suspended' while ${names} live below it`, "'deleted'")];
}

function wrong(
  { tenant, source }: Candidate,
  path: ValuePath,
  expected: string,
  got: string,
  suggestion = "",
): Problem {
  const text = `${expectedGot(expected, got)}${suggestion}`;
  return { code: "E_INVALID_ENTRY", ...decidingPlace(source, path, tenant.environment), text };
}

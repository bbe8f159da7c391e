import * as z from "zod";
import type { JsonValue } from "./desired.ts";
import { checkFields, firstOfEachPath } from "./fieldProblems.ts";
import type { RoleName } from "./identitySeeds.ts";
import { splitUnbuilt, UNBUILT_PLAN_FIELDS } from "./notSupported.ts";
import { BASE_SCOPES, type PlanSeeds, planSeedsSchema } from "./planSeeds.ts";
import { expectedGot, orList, type Problem, type ValuePath } from "./problems.ts";
import { secretProblems } from "./secretProblems.ts";
import type { Source } from "./source.ts";
import { fields, migrationVersion, settings, text, whole } from "./values.ts";
import type { YamlDocument } from "./yamlDocument.ts";

/** Ten years: a longer retention is a typing error. */
export const MAX_RETENTION_DAYS = 3650;

/** The validator of `plans/<name>.yaml`; `schema/plan.schema.json` is made from it. */
export const planSchema = fields({
  limits: z
    .record(
      text("a limit's name: a letter, then letters and digits", /^[a-zA-Z][a-zA-Z0-9]{0,48}$/),
      whole(0, Number.MAX_SAFE_INTEGER),
      "limits, one 'name: number' a line",
    )
    .describe("Reach the tenant as settings `limits.<name>`; its application enforces them.")
    .default({}),
  retentionDays: whole(0, MAX_RETENTION_DAYS)
    .describe("Days between `status: deleted` and the purge; default from the environment.")
    .exactOptional(),
  migrations: fields({ target: migrationVersion })
    .describe("The last migration tenants of this plan get.")
    .exactOptional(),
  settings: settings.describe("Win over the environment's; an entry's win over these.").default({}),
  seeds: planSeedsSchema
    .describe("Which roles, permissions, scopes, keys and applications tenants of this plan begin with.")
    .exactOptional(),
}).meta({ title: "tenantry: plans/<name>.yaml" });

/** A checked `plans/<name>.yaml`. */
export interface Plan {
  /** The file's name without `.yaml`. */
  readonly name: string;
  /** Numbers the tenant's application enforces; they reach it as settings `limits.<name>`. */
  readonly limits: Readonly<Record<string, number>>;
  /** Days between `deleted` and the purge; the environment's when undefined. */
  readonly retentionDays?: number;
  readonly migrations?: { readonly target: string };
  readonly settings: Readonly<Record<string, JsonValue>>;
  /** What tenants of this plan begin with; all of it when undefined. */
  readonly seeds?: PlanSeeds;
}

/** A file read as a plan: the plan, or everything that is wrong with it. */
export type ParsedPlan =
  | { readonly plan: Plan; readonly problems: readonly [] }
  | { readonly plan: undefined; readonly problems: readonly Problem[] };

/** Checks one plan. */
export function parsePlan(document: YamlDocument, name: string): ParsedPlan {
  if (!document.isReadable) return { plan: undefined, problems: document.problems };
  const supported = splitUnbuilt(document.root, UNBUILT_PLAN_FIELDS, document);
  const checked = checkFields(planSchema, supported.rest, document, "E_INVALID_ENTRY");
  const problems = firstOfEachPath([
    ...document.problems,
    ...secretProblems(document.root, document, "E_INVALID_ENTRY"),
    ...supported.problems,
    ...checked.problems,
    ...seedProblems(checked.value?.seeds, document),
  ]);
  if (problems.length > 0 || checked.value === undefined) return { plan: undefined, problems };
  return { plan: { name, ...checked.value }, problems: [] };
}

/** Keys have scopes that are there; permissions are of roles that are there; a scope has no name of ours. */
function seedProblems(seeds: PlanSeeds | undefined, source: Source): Problem[] {
  if (seeds === undefined) return [];
  const scopes = [...BASE_SCOPES, ...seeds.scopes];
  const wrong = (path: ValuePath, expected: string, got: string): Problem => ({
    code: "E_INVALID_ENTRY",
    path: ["seeds", ...path],
    place: source.placeOf(["seeds", ...path]),
    text: expectedGot(expected, `'${got}'`),
  });
  return [
    ...Object.entries(seeds.apiKeys).flatMap(([key, names]) =>
      names.flatMap((name, index) =>
        scopes.includes(name) ? [] : [wrong(["apiKeys", key, index], orList(scopes), name)],
      ),
    ),
    ...seeds.scopes.flatMap((name, index) =>
      scopes.indexOf(name) === BASE_SCOPES.length + index
        ? []
        : [wrong(["scopes", index], "a scope that isn't there already", name)],
    ),
    ...Object.keys(seeds.permissions).flatMap((role) =>
      seeds.roles?.includes(role as RoleName) === false
        ? [wrong(["permissions", role], orList(seeds.roles), role)]
        : [],
    ),
  ];
}

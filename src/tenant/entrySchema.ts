import * as z from "zod";
import { identitySchema } from "./entryIdentity.ts";
import { SLUG_PATTERN } from "./names.ts";
import {
  databaseName,
  domains,
  email,
  fields,
  labels,
  line,
  migrationVersion,
  oneOf,
  pathPrefix,
  planName,
  regionName,
  serverName,
  settings,
  text,
} from "./values.ts";

/** Without `plan:` an entry is on this one. */
export const DEFAULT_PLAN = "trial";

const environmentName = text(
  "an environment's name (stacks/Pulumi.<environment>.yaml)",
  /^[a-z][a-z0-9-]{0,19}$/,
);

/** What an environment may decide otherwise. Names, immutable things and `environments` itself it may not. */
const overridable = {
  adminEmail: email.describe("Receives the invitation once the tenant is complete."),
  status: oneOf(["active", "suspended", "deleted"]).describe(
    "What the tenant should be. `deleted` keeps its data until retention is over.",
  ),
  suspendReason: line("one line, at most 200 characters", 200).describe(
    "Why; only with `status: suspended`.",
  ),
  purge: line("the tenant's slug", 40).describe(
    "The slug again, only with `status: deleted`: confirms the purge before retention is over.",
  ),
  hold: z
    .boolean("true or false")
    .describe("Legal hold: while true, neither delete nor purge. Default: false."),
  plan: planName.describe("One of plans/*.yaml. Default: trial."),
  server: serverName.describe("A server's name, or `auto` (default). Changing it is a move."),
  region: regionName.describe("Only servers of this region; `any` by default."),
  database: databaseName.describe("The database's own name; default from the slug. Never changes."),
  domains: domains.describe("The customer's own hosts, proven by TXT records; `status` shows which."),
  pathPrefix: pathPrefix.describe(
    "A second way in, on hosts that are no tenant's own: unique among tenants.",
  ),
  parent: text("a tenant's slug", SLUG_PATTERN).describe(
    "The tenant above this one, of the same environment; without it the main tenant.",
  ),
  identity: identitySchema.describe(
    "Where the tenant's people may sign in, and which roles their groups have.",
  ),
  migrations: fields({ target: migrationVersion }).describe("The last migration this tenant gets."),
  settings: settings.describe("Win over the plan's and the environment's, key by key."),
  labels: labels.describe("Free words for people and reports."),
};

const override = z.strictObject(
  Object.fromEntries(Object.entries(overridable).map(([name, schema]) => [name, schema.exactOptional()])) as {
    [Name in keyof typeof overridable]: z.ZodExactOptional<(typeof overridable)[Name]>;
  },
  "fields, one 'name: value' a line",
);

/** The validator of `tenants/<slug>.yaml`; `schema/tenant.schema.json` is made from it. */
export const entrySchema = fields({
  displayName: line("one line, at most 100 characters", 100).describe("The name people see."),
  legalName: line("one line, at most 200 characters", 200).describe("The name on contracts.").exactOptional(),
  environments: z
    .array(environmentName, "a list of environments such as [local]")
    .min(1, "at least one environment")
    .describe("Where this tenant exists: names of stacks/Pulumi.<environment>.yaml."),
  overrides: z
    .record(environmentName, override, "fields by environment")
    .describe("What differs in an environment.")
    .default({}),
  isolation: z
    .literal("database", "'database'")
    .describe("A database of its own. `schema` is not built yet.")
    .default("database"),
  ...override.shape,
  adminEmail: overridable.adminEmail,
  status: overridable.status.default("active"),
  hold: overridable.hold.default(false),
  domains: overridable.domains.default([]),
  plan: overridable.plan.default(DEFAULT_PLAN),
  server: overridable.server.default("auto"),
  region: overridable.region.default("any"),
  settings: overridable.settings.default({}),
  labels: overridable.labels.default({}),
}).meta({ title: "tenantry: tenants/<slug>.yaml" });

/** An entry's fields as checked, before what its file's name says is added. */
export type EntryFields = z.output<typeof entrySchema>;
/** One environment's part of `overrides`. */
export type OverrideFields = z.output<typeof override>;

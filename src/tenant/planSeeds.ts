import * as z from "zod";
import { ROLE_NAMES } from "./identitySeeds.ts";
import { fields, oneOf, text } from "./values.ts";

const roleName = oneOf(ROLE_NAMES);

/** Of an API key: a part of its secret's name, so without a hyphen twice. */
const keyName = text(
  "a key's name: up to 30 lowercase letters, digits and single hyphens, a letter first",
  /^(?=.{1,30}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/,
);

/** Of a scope, after `<product>_api.`. */
const scopeName = text(
  "a scope's name: up to 40 lowercase letters, digits and '_', a letter first",
  /^[a-z][a-z0-9_]{0,39}$/,
);

const urlPath = text("a path such as '/signin-callback'", /^\/[A-Za-z0-9._~/-]{0,199}$/);

const permission = text("a permission such as 'reports:read'", /^[A-Za-z][A-Za-z0-9._:-]{0,99}$/);

/** Scopes that every product's API has: everything, and looking only. */
export const BASE_SCOPES = ["all", "read_only"] as const;

/** The validator of a plan's `seeds`. */
export const planSeedsSchema = fields({
  roles: z
    .array(roleName, "a list of roles")
    .min(1, "at least one role")
    .describe("Which of the ten roles tenants of this plan have; default all.")
    .exactOptional(),
  permissions: z
    .partialRecord(roleName, z.array(permission, "a list of permissions"))
    .describe("What a role may do, in the application's words; default from tenantry's table.")
    .default({}),
  scopes: z
    .array(scopeName, "a list of scopes")
    .describe("Further API scopes `<product>_api.<name>`.")
    .default([]),
  apiKeys: z
    .record(
      keyName,
      z.array(scopeName, "a list of scopes").min(1, "at least one scope"),
      "keys, one 'name: [scope]' a line",
    )
    .describe(
      "API keys and their scopes (`all`, `read_only` or of `scopes`); default one key `default` that may only read.",
    )
    .default({ default: ["read_only"] }),
  application: fields({
    callbackPaths: z
      .array(urlPath, "a list of paths")
      .min(1, "at least one path")
      .default(["/signin-callback"]),
    logoutPaths: z
      .array(urlPath, "a list of paths")
      .min(1, "at least one path")
      .default(["/signout-callback"]),
  })
    .or(z.literal(false))
    .describe("The default application, on each of the tenant's hosts; `false` for none.")
    .default({ callbackPaths: ["/signin-callback"], logoutPaths: ["/signout-callback"] }),
  parentProvider: z
    .boolean("true or false")
    .describe("Whether people of the parent tenant may sign in; default true.")
    .default(true),
});

/** Which of the seeds a plan's tenants get. */
export type PlanSeeds = z.output<typeof planSeedsSchema>;

/** Of a plan that says nothing. */
export const DEFAULT_SEEDS: PlanSeeds = planSeedsSchema.parse({});

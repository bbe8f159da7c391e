import * as z from "zod";
import { ROLE_NAMES } from "./identitySeeds.ts";
import { nearestName } from "./suggestion.ts";
import { fields, line, text } from "./values.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
/** What the vault keeps for tenants by itself; another tenant's must not be named. */
const OWN_SECRETS = /^tenant-(db|client|key)-/;

const providerName = text(
  "a provider's name: up to 40 lowercase letters, digits and hyphens, a letter first",
  /^[a-z][a-z0-9-]{0,39}$/,
);

const clientSecretRef = text(
  "the name of a secret in the tenants' vault that isn't one of tenantry's own",
  /^[0-9A-Za-z-]{1,127}$/,
).refine((name) => !OWN_SECRETS.test(name), {
  message: "the name of a secret in the tenants' vault that isn't one of tenantry's own",
});

const common = {
  name: providerName,
  clientId: line("the client's id at the provider, at most 200 characters", 200),
  clientSecretRef: clientSecretRef
    .describe("Name of the client secret in the tenants' vault; an operator writes it there.")
    .exactOptional(),
  enabled: z.boolean("true or false").default(true),
};

const issuer = text(
  "an https address such as 'https://login.example.com'",
  /^https:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/,
);

const provider = z.discriminatedUnion(
  "kind",
  [
    fields({ kind: z.literal("entra"), ...common, tenantId: text("a directory's id (a UUID)", UUID) }),
    fields({ kind: z.literal("google"), ...common }),
    fields({ kind: z.literal("oidc"), ...common, issuer }),
  ],
  "'entra', 'google' or 'oidc'",
);

const role = z.string("a role's name").superRefine((name, context) => {
  if ((ROLE_NAMES as readonly string[]).includes(name)) return;
  const near = nearestName(name, ROLE_NAMES);
  const message = near === undefined ? `one of ${ROLE_NAMES.join(", ")}` : `a role such as '${near}'`;
  context.addIssue({ code: "custom", message });
});

/** The validator of an entry's `identity`. */
export const identitySchema = fields({
  providers: z
    .array(provider, "a list of providers")
    .describe("Where the tenant's people may sign in beside the tenant itself.")
    .default([])
    .superRefine((providers, context) => {
      for (const [index, { name }] of providers.entries())
        if (providers.findIndex((other) => other.name === name) < index)
          context.addIssue({ code: "custom", path: [index, "name"], message: "each provider once" });
    }),
  groups: z
    .record(
      line("a group's name, at most 100 characters", 100),
      z.array(role, "a list of roles").min(1, "at least one role"),
      "groups, one 'name: [role]' a line",
    )
    .describe("Groups as the providers name them, and the roles that their people get.")
    .default({}),
});

/** What an entry says of its people. */
export type EntryIdentity = z.output<typeof identitySchema>;

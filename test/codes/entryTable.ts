import type { CodeRow } from "./provocation.ts";

const SLUG_HINT = "  The slug is the entry's file name: tenants/<slug>.yaml.\n";
const SLUG_FORM =
  "expected 3 to 40 lowercase letters, digits and single hyphens, a letter first and no hyphen last";

/** Fields of an entry that aren't built: line, column of the complaint, and what for. */
const UNBUILT: readonly (readonly [field: string, line: string, column: number, what: string])[] = [
  ["isolation", "isolation: schema", 12, "a schema in a shared database"],
  ["extras", "extras: { storage: true }", 1, "storage, vectors and health checks"],
];

const UNBUILT_ENTRY = UNBUILT.map(([, line]) => `${line}\n`).join("");
const UNBUILT_TOLD = UNBUILT.map(
  ([field, , column, what], index) =>
    `tenants/newcomer.yaml:${6 + index}:${column} '${field}': not built yet (${what}); remove the field.\n`,
).join("");

/** Codes that are answered before anything is touched. */
export const ENTRY_ROWS = {
  E_INVALID_SLUG: {
    provocations: [
      {
        when: "`up` gets a slug that can't be one",
        command: ["up", "Acme"],
        stderr: `E_INVALID_SLUG: slug 'Acme': ${SLUG_FORM}; got 'Acme'.\n${SLUG_HINT}`,
      },
      {
        when: "`new` gets a slug with a doubled hyphen",
        command: ["new", "acme--two", "--display-name", "Two", "--admin-email", "a@two.example"],
        stderr: `E_INVALID_SLUG: slug 'acme--two': ${SLUG_FORM}; got 'acme--two'.\n${SLUG_HINT}`,
      },
      {
        when: "a file of `tenants/` has a name that can't be a slug",
        arrange: (stage) => stage.addEntry("acme_two"),
        command: ["up", "--all"],
        stderr: `E_INVALID_SLUG: tenants/acme_two.yaml: file name: ${SLUG_FORM}; got 'acme_two'.\n  Nothing was touched: \`--all\` needs every entry to hold.\n`,
      },
    ],
  },
  E_RESERVED_SLUG: {
    provocations: [
      {
        when: "the platform uses it",
        command: ["up", "admin"],
        stderr: `E_RESERVED_SLUG: slug 'admin': expected a slug that the platform doesn't use itself; got 'admin'.\n${SLUG_HINT}`,
      },
      {
        when: "it is an environment's name, and an entry has it",
        arrange: (stage) => stage.addEntry("prod"),
        command: ["up", "prod"],
        stderr: `E_RESERVED_SLUG: slug 'prod': expected a slug that the platform doesn't use itself; got 'prod'.\n${SLUG_HINT}`,
      },
    ],
  },
  E_INVALID_ENTRY: {
    provocations: [
      {
        when: "an entry has several mistakes: all are told, and nobody is touched by `--all`",
        arrange: (stage) =>
          stage.add(
            "tenants/newcomer.yaml",
            "displayName: Newcomer\nadminEmail: nobody\nenvironments: [local, moon]\nplan: gold\nstatus: sleeping\ncolour: red\nsettings: { apiPassword: s3cret }\n",
          ),
        command: ["up", "--all"],
        stderr:
          "E_INVALID_ENTRY: tenants/newcomer.yaml:2:13 'adminEmail': expected an email address; got 'nobody'.\ntenants/newcomer.yaml:3:23 'environments[1]': expected 'local' or 'prod' (stacks/Pulumi.<environment>.yaml); got 'moon'.\ntenants/newcomer.yaml:5:9 'status': expected 'active', 'suspended' or 'deleted'; got 'sleeping'.\ntenants/newcomer.yaml:6:1 'colour': no such field; expected 'adminEmail', 'database', 'displayName', 'domains', 'environments', 'hold', 'identity', 'isolation', 'labels', 'legalName', 'migrations', 'overrides', 'parent', 'pathPrefix', 'plan', 'purge', 'region', 'server', 'settings', 'status' or 'suspendReason'.\ntenants/newcomer.yaml:7:26 'settings.apiPassword': expected no secret in a file that Git keeps; got a value that looks like one. Keep it in Key Vault.\n  Nothing was touched: `--all` needs every entry to hold.\n",
      },
      {
        when: "there is no entry of that name",
        command: ["up", "nobody"],
        stderr: "E_INVALID_ENTRY: tenants/nobody.yaml: expected an entry; got no such file.\n",
      },
      {
        when: "two entries want one database",
        arrange: (stage) => stage.addEntry("newcomer", "database: tenant_acme\n"),
        command: ["up", "newcomer"],
        stderr:
          "E_INVALID_ENTRY: tenants/newcomer.yaml:6:11 'database': expected a database of its own; got 'tenant_acme', as tenants/acme.yaml has.\n",
      },
      {
        when: "the YAML says something twice (F44)",
        arrange: (stage) => stage.addEntry("newcomer", "plan: standard\n"),
        command: ["up", "newcomer"],
        stderr:
          "E_INVALID_ENTRY: tenants/newcomer.yaml:6:1: this key stands twice in one mapping; keep one.\n",
      },
      {
        when: "`new` would overwrite an entry",
        command: ["new", "acme", "--display-name", "Acme", "--admin-email", "a@acme.example"],
        stderr:
          "E_INVALID_ENTRY: tenants/acme.yaml: expected no such file yet; got one.\n  Edit that entry, or choose another slug.\n",
      },
    ],
  },
  E_NO_CONFIG: {
    provocations: [
      {
        when: "the environment has no config",
        command: ["up", "acme", "--env", "moon"],
        stderr:
          "E_NO_CONFIG: stacks/Pulumi.moon.yaml: expected an environment's config; got no such file.\n  The environments are 'local' or 'prod'; choose one with `--env`.\n",
      },
      {
        when: "the config lacks what only Azure can make",
        command: ["up", "acme", "--env", "prod"],
        stderr:
          "E_NO_CONFIG: stacks/Pulumi.prod.yaml:6:1 'secretsprovider': expected 'azurekeyvault://<vault>.vault.azure.net/keys/<key>' (`az keyvault key create --vault-name <vault> --name <key>` makes the key); got nothing.\nstacks/Pulumi.prod.yaml:6:1 'encryptedkey': expected the state's encrypted key (`pulumi stack init prod --secrets-provider=azurekeyvault://<vault>.vault.azure.net/keys/<key> && grep encryptedkey Pulumi.prod.yaml >> stacks/Pulumi.prod.yaml && rm Pulumi.prod.yaml` writes it); got nothing.\nstacks/Pulumi.prod.yaml:7:3 'subscriptionId': expected the subscription's id (`az account show --query id --output tsv` prints it); got nothing.\nstacks/Pulumi.prod.yaml:7:3 'azureTenantId': expected the Azure tenant's id (`az account show --query tenantId --output tsv` prints it); got nothing.\n",
      },
      {
        when: "the config has a mistake",
        arrange: (stage) =>
          stage.edit("stacks/Pulumi.local.yaml", (text) =>
            text.replace("retentionDays: 30", "retentionDays: -1"),
          ),
        command: ["up", "acme"],
        stderr:
          "E_NO_CONFIG: stacks/Pulumi.local.yaml:54:27 'retentionDays': expected a whole number from 0 to 3650; got the number -1.\n",
      },
    ],
  },
  E_NOT_SUPPORTED: {
    provocations: [
      {
        when: "an entry has fields that aren't built",
        arrange: (stage) => stage.addEntry("newcomer", UNBUILT_ENTRY),
        command: ["up", "newcomer"],
        stderr: `E_NOT_SUPPORTED: ${UNBUILT_TOLD}`,
      },
      {
        when: "the config wants another edge, more profiles, and backups elsewhere",
        arrange: (stage) =>
          stage.edit("stacks/Pulumi.local.yaml", (text) =>
            text
              .replace("mode: perTenant", "mode: wildcard")
              .replace("profiles: 1", "profiles: 2")
              .replace("file:.tenantry/backups", "https://backups.example"),
          ),
        command: ["up", "--all"],
        stderr:
          "E_NOT_SUPPORTED: stacks/Pulumi.local.yaml:22:11 'edge.mode': expected 'perTenant'; got 'wildcard'. Other modes are not built yet.\nstacks/Pulumi.local.yaml:23:15 'edge.profiles': expected 1; got 2. More profiles are not built yet.\nstacks/Pulumi.local.yaml:53:10 'backups.url': expected a `file:` URL; got 'https://backups.example'. Other stores are not built yet.\n",
      },
      {
        when: "the verb isn't built",
        command: ["jobs", "acme"],
        stderr:
          "E_NOT_SUPPORTED: `tenantry jobs` is not built yet.\n  `tenantry --help` lists the verbs that are.\n",
      },
      {
        when: "an option isn't built",
        command: ["preview", "acme", "--offline"],
        stderr: "E_NOT_SUPPORTED: `preview --offline` is not built yet; a preview reads master.\n",
      },
      {
        when: "the official engine isn't there",
        command: ["up", "acme", "--engine", "official"],
        environment: { PATH: "/nowhere" },
        stderr:
          "E_NOT_SUPPORTED: engine 'official': no `pulumi` on PATH.\n  Install it from https://www.pulumi.com/docs/install/, or name it in TENANTRY_PULUMI; `--engine embedded` needs none, for `local`.\n",
      },
      {
        when: "the embedded engine is asked for outside `local`",
        arrange: (stage) => stage.edit("stacks/Pulumi.prod.yaml", completeProd),
        command: ["up", "--platform", "--env", "prod", "--engine", "embedded"],
        stderr:
          "E_NOT_SUPPORTED: engine 'embedded' runs only 'local'; got environment 'prod'.\n  Leave `--engine` out: other environments use the official `pulumi`.\n",
      },
    ],
  },
  E_CONFIRM: {
    provocations: [
      {
        when: "a purge isn't confirmed",
        command: ["destroy", "acme", "--purge"],
        stderr:
          "E_CONFIRM: `destroy acme --purge`: expected `--confirm acme`; got no `--confirm`. Nothing was touched.\n",
      },
      {
        when: "another slug is confirmed",
        command: ["destroy", "acme", "--purge", "--confirm", "acne"],
        stderr:
          "E_CONFIRM: `destroy acme --purge`: expected `--confirm acme`; got 'acne'. Nothing was touched.\n",
      },
      {
        when: "a tenant is to be offboarded without its slug once more",
        command: ["offboard", "acme", "--purge"],
        stderr:
          "E_CONFIRM: `offboard acme --purge`: expected `--confirm acme`; got no `--confirm`. Nothing was touched.\n",
      },
    ],
  },
  E_WRONG_ENVIRONMENT: {
    provocations: [
      {
        when: "the local cloud is asked for in another environment",
        command: ["local", "env", "--env", "prod"],
        stderr:
          "E_WRONG_ENVIRONMENT: `local env`: expected environment 'local'; got 'prod'. Credentials of other environments are never printed.\n",
      },
    ],
  },
} as const satisfies Record<string, CodeRow>;

/** What only Azure can make, filled in. */
function completeProd(text: string): string {
  const made = [
    "secretsprovider: azurekeyvault://kv.vault.azure.net/keys/tenantry",
    "encryptedkey: QUJDREVGR0g=",
    "config:",
    "  tenantry:subscriptionId: 10ca1000-0000-4000-8000-000000000001",
    "  tenantry:azureTenantId: 10ca1000-0000-4000-8000-000000000002",
    "  azure-native:subscriptionId: 10ca1000-0000-4000-8000-000000000001",
  ];
  return text.replace("config:\n", `${made.join("\n")}\n`);
}

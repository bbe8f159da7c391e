import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { secretClient } from "../support/localClients.ts";
import {
  BAD_MIGRATION,
  BAD_SQL,
  CONFIG,
  FAILED_RECORD,
  FOREIGN,
  makeForeignThings,
  NOTHING,
  RENAMED,
  renamed,
  STATE_OF_ACME,
  withNewcomer,
} from "./arrangements.ts";
import { takeVaultAway } from "./cloud.ts";
import type { CodeRow } from "./provocation.ts";

export const RUN_ROWS = {
  E_ALREADY_PROVISIONED: {
    provocations: [
      {
        when: "the slug's record belongs to another stack",
        arrange: async (stage) => {
          const putBack = await withNewcomer(stage);
          await stage.master(FOREIGN);
          return putBack;
        },
        command: ["up", "newcomer"],
        stdout:
          "newcomer  started\nnewcomer  failed: E_ALREADY_PROVISIONED: Tenant 'newcomer' is 'active' and belongs to stack 'elsewhere.newcomer'; expected a free slug or stack 'local.newcomer'. Slug, host, database and secret belong to one tenant alone: choose others in this entry.\n",
      },
    ],
  },
  E_PARTIAL_STATE: {
    provocations: [
      {
        when: "database, role, secret, DNS and CDN of this name are somebody else's",
        arrange: async (stage) => {
          const putBack = await withNewcomer(stage, "server: db-02\n");
          const removeThings = await makeForeignThings(stage);
          return async () => {
            await removeThings();
            await putBack();
          };
        },
        command: ["up", "newcomer"],
        stdout:
          "newcomer  started\nnewcomer  placement_resolved\nnewcomer  E_PARTIAL_STATE: undoing what this tenant's first run made\nnewcomer  failed: E_PARTIAL_STATE: Tenant 'newcomer': database, role, secret, DNS, CDN: database 'tenant_newcomer' on 'db-02'; role 'tenant_newcomer_owner' on 'db-02'; secret 'tenant-db-newcomer'; CNAME 'newcomer.local.tenantry.test'; domain 'tenant-newcomer' of host 'newcomer.local.tenantry.test' without the marker of this record; expected nothing of these names. Find out whose these are; rename or remove them, or choose another slug. What it had created is removed; its record keeps the reason.\n",
        touches: [...FAILED_RECORD, "master tenant_phase newcomer"],
      },
    ],
  },
  E_NO_CAPACITY: {
    provocations: [
      {
        when: "every server is full",
        arrange: async (stage) => {
          const putBack = await withNewcomer(stage);
          await stage.master("UPDATE identity.db_server SET capacity_hint = 0");
          return async () => {
            await stage.master("UPDATE identity.db_server SET capacity_hint = 200");
            await putBack();
          };
        },
        command: ["up", "newcomer"],
        stdout:
          "newcomer  started\nnewcomer  E_NO_CAPACITY: undoing what this tenant's first run made\nnewcomer  failed: E_NO_CAPACITY: Tenant 'newcomer': expected an active server with room for one more tenant; got 'db-01' holds 1 of 0 tenants; 'db-02' holds 0 of 0 tenants. Add a server, or raise `capacityHint` or `maxConnections` in the environment's config. What it had created is removed; its record keeps the reason.\n",
        touches: [...FAILED_RECORD],
      },
    ],
  },
  E_DB_SERVER_NOT_FOUND: {
    provocations: [
      {
        when: "the environment has no such server",
        arrange: (stage) => withNewcomer(stage, "server: db-09\n"),
        command: ["up", "newcomer"],
        stderr:
          "E_DB_SERVER_NOT_FOUND: tenants/newcomer.yaml:6:9 'server': expected 'auto', 'db-01' or 'db-02' (local's servers); got 'db-09'.\n",
      },
      {
        when: "the environment has no such region",
        arrange: (stage) => withNewcomer(stage, "region: moonbase\n"),
        command: ["up", "newcomer"],
        stderr:
          "E_DB_SERVER_NOT_FOUND: tenants/newcomer.yaml:6:9 'region': expected 'any', 'westeurope' or 'northeurope' (regions of local's servers); got 'moonbase'.\n",
      },
      {
        when: "the named server takes nobody any more",
        arrange: async (stage) => {
          const putBack = await withNewcomer(stage, "server: db-02\n");
          await stage.master("UPDATE identity.db_server SET status = 'draining' WHERE name = 'db-02'");
          return async () => {
            await stage.master("UPDATE identity.db_server SET status = 'active' WHERE name = 'db-02'");
            await putBack();
          };
        },
        command: ["up", "newcomer"],
        stdout:
          "newcomer  started\nnewcomer  E_DB_SERVER_NOT_FOUND: undoing what this tenant's first run made\nnewcomer  failed: E_DB_SERVER_NOT_FOUND: Tenant 'newcomer': server 'db-02' is 'draining'; expected 'active'. Mend it and run the same command again. What it had created is removed; its record keeps the reason.\n",
        touches: [...FAILED_RECORD],
      },
    ],
  },
  E_ADMIN_CONN_UNRESOLVED: {
    provocations: [
      {
        when: "the platform vault has no URL for the server's admin",
        arrange: async (stage) => {
          const putBack = await withNewcomer(stage, "server: db-02\n");
          const vault = secretClient(stage.environment, stage.environment.platformVault.url);
          await (await vault.beginDeleteSecret("server-db-02-admin")).pollUntilDone();
          return async () => {
            await (await vault.beginRecoverDeletedSecret("server-db-02-admin")).pollUntilDone();
            await putBack();
          };
        },
        command: ["up", "newcomer"],
        stdout:
          "newcomer  started\nnewcomer  placement_resolved\nnewcomer  E_ADMIN_CONN_UNRESOLVED: undoing what this tenant's first run made\nnewcomer  failed: E_ADMIN_CONN_UNRESOLVED: server 'db-02': the platform vault https://127.0.0.1:PORT/ has no secret 'server-db-02-admin'; expected the server's admin URL. `tenantry up --platform` writes it for servers it made; for an existing server an operator writes it. What it had created is removed; its record keeps the reason.\n",
        touches: [...FAILED_RECORD, "master tenant_phase newcomer"],
      },
    ],
  },
  PROVISIONING_UNAVAILABLE: {
    provocations: [
      {
        when: "the tenants' vault doesn't answer",
        arrange: (stage) => withNewcomer(stage),
        outage: (stage) => takeVaultAway(stage.environment, "tenantry-local-tenants"),
        command: ["up", "newcomer"],
        stdout:
          "newcomer  started\nnewcomer  failed: PROVISIONING_UNAVAILABLE: Key Vault https://127.0.0.1:PORT/: connect ECONNREFUSED 127.0.0.1:PORT. Nothing was changed there. Run the same command again when the vault answers.\n",
        // By this test, which takes it away and recovers it.
        touches: ["cloud arm microsoft.keyvault/vaults/tenantry-local-tenants"],
      },
      {
        when: "the platform's vault doesn't answer",
        outage: (stage) => takeVaultAway(stage.environment, "tenantry-local-platform"),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: PROVISIONING_UNAVAILABLE: Key Vault https://127.0.0.1:PORT/: connect ECONNREFUSED 127.0.0.1:PORT. Nothing was changed there. Run the same command again when the vault answers.\n",
        // By this test, which takes it away and recovers it.
        touches: ["cloud arm microsoft.keyvault/vaults/tenantry-local-platform"],
      },
      {
        when: "the identity that runs it lacks a role",
        arrange: (stage) => withNewcomer(stage),
        command: ["up", "newcomer"],
        environment: { TENANTRY_LOCAL_IDENTITY: "previewer" },
        stdout:
          "newcomer  started\nnewcomer  failed: PROVISIONING_UNAVAILABLE: identity 'previewer' (object id 'UUID') is not allowed to perform 'Microsoft.KeyVault/vaults/secrets/getSecret/action' on '/subscriptions/UUID/resourcegroups/tenantry-local/providers/microsoft.keyvault/vaults/tenantry-local-tenants/secrets/tenant-db-newcomer'. Give it a role that has this action there (docs/azure.md, 'Roles'), or run as an identity that has one; then run the same command again.\n",
      },
    ],
  },
  E_UNREACHABLE: {
    provocations: [
      {
        when: "the master's server doesn't answer",
        outage: (stage) => stage.haltServer("db-01"),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_UNREACHABLE: master can't be reached: 127.0.0.1:PORT/tenantry_master as tenantry_read: timeout expired. Nothing was changed there. Run the same command again when it answers.\n",
      },
    ],
  },
  E_MIGRATIONS_FAILED: {
    provocations: [
      {
        when: "a migration fails at a new tenant: all is undone, and after the fix the same command succeeds",
        arrange: (stage) => {
          const removeFile = stage.add(BAD_MIGRATION, BAD_SQL);
          stage.addEntry("retired", "server: db-01\n");
          return () => {
            if (existsSync(join(stage.workspace.root, BAD_MIGRATION))) removeFile();
          };
        },
        command: ["up", "retired"],
        stdout:
          "retired  started\nretired  placement_resolved\nretired  state_checked\nretired  secret_set\nretired  E_MIGRATIONS_FAILED: undoing what this tenant's first run made\nretired  failed: E_MIGRATIONS_FAILED: migrations/tenant/0004_wards.sql:3: relation \"app.wards\" does not exist (SQLSTATE 42P01); tenant 'retired' stays on its last version. Mend the file and run `up retired` again. What it had created is removed; its record keeps the reason.\n",
        touches: [
          // Deleted softly.
          "cloud vault:tenantry-local-tenants tenant-db-retired",
          "master tenant retired",
          "master tenant_audit retired",
          "master tenant_host retired",
          "master tenant_phase retired",
        ],
        after: async (stage) => {
          const record = () =>
            stage.master("SELECT status, status_code, server FROM identity.tenant WHERE slug = 'retired'");
          expect(await record()).toEqual([
            { status: "provisioning_failed", status_code: "E_MIGRATIONS_FAILED", server: null },
          ]);
          stage.workspace.remove(BAD_MIGRATION);
          await stage.haveTenant("retired");
          expect(await record()).toEqual([{ status: "active", status_code: null, server: "db-01" }]);
        },
      },
      {
        when: "a migration fails at a live tenant: it stays on its version",
        arrange: (stage) => stage.add(BAD_MIGRATION, "SELECT 1/0;\n"),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_MIGRATIONS_FAILED: migrations/tenant/0004_wards.sql:1: division by zero (SQLSTATE 22012); tenant 'acme' stays on its last version. Mend the file and run `up acme` again.\n",
        touches: ["master tenant_audit acme", STATE_OF_ACME],
      },
    ],
  },
  E_SECRET_MISMATCH: {
    provocations: [
      {
        when: "somebody changed the role's password by hand",
        arrange: async (stage) => {
          const removeFile = stage.add(
            "migrations/tenant/0004_more.sql",
            "CREATE TABLE app.ward (id integer);\n",
          );
          const [role] = await stage.sql(
            "db-01",
            "postgres",
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'tenant_acme_owner'",
          );
          await stage.sql("db-01", "postgres", "ALTER ROLE tenant_acme_owner PASSWORD 'by-hand'");
          return async () => {
            await stage.sql(
              "db-01",
              "postgres",
              `ALTER ROLE tenant_acme_owner PASSWORD '${role?.rolpassword}'`,
            );
            removeFile();
          };
        },
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_SECRET_MISMATCH: Tenant 'acme': the value of secret 'tenant-db-acme' doesn't log in to 'tenant_acme' on 'db-01' as 'tenant_acme_owner': PostgreSQL answers: 127.0.0.1:PORT/tenant_acme as tenant_acme_owner: password authentication failed for user \"tenant_acme_owner\". `tenantry up --refresh` of this tenant writes password and secret again.\n",
        touches: [STATE_OF_ACME],
      },
    ],
  },
  E_BACKUP_FAILED: {
    provocations: [
      {
        when: "the final backup can't be written",
        arrange: async (stage) => {
          await stage.haveTenant("retired");
          const putBack = stage.edit(CONFIG, (text) =>
            text.replace("file:.tenantry/backups", "file:/dev/null/backups"),
          );
          stage.edit("tenants/retired.yaml", (text) => `${text}status: deleted\n`);
          return putBack;
        },
        command: ["up", "retired"],
        stdout:
          "retired  started\nretired  database_created\nretired  admin_seeded\nretired  failed: E_BACKUP_FAILED: Backup of tenant 'retired': ENOTDIR: not a directory, scandir '/dev/null/backups/retired'. Nothing of the tenant is lost: mend this and run the same command again, which takes the backup anew.\n",
        // Closed to its users and kept whole; the record is 'deleting'.
        touches: [
          // Its API keys are closed.
          "db-01 data tenant_retired",
          "db-01 database tenant_retired",
          "db-01 role tenant_retired_owner",
          "master tenant retired",
          "master tenant_audit retired",
          "state tenantry/local.retired.json",
        ],
        after: async (stage) => {
          expect(await stage.master("SELECT status FROM identity.tenant WHERE slug = 'retired'")).toEqual([
            { status: "deleting" },
          ]);
        },
      },
    ],
  },
  E_ILLEGAL_TRANSITION: {
    provocations: [
      {
        when: "an active tenant is to be destroyed",
        command: ["destroy", "acme"],
        stdout:
          "acme  started\nacme  failed: E_ILLEGAL_TRANSITION: stack 'local.acme': the tenant is active; nothing was deleted. Set `status: deleted` in its entry and run `up`; it can be destroyed once retention is over or `purge` confirms it.\n",
      },
      {
        when: "an active tenant is to be purged",
        command: ["destroy", "acme", "--purge", "--confirm", "acme"],
        stdout:
          "acme  started\nacme  failed: E_ILLEGAL_TRANSITION: tenants/acme.yaml 'status': expected 'deleted' before a purge; got 'active'. Nothing was touched. Set `status: deleted` and run `tenantry up acme` first: it takes the final backup.\n",
      },
      {
        when: "the entry says 'deleted', but no `up` ran",
        arrange: (stage) =>
          stage.edit("tenants/acme.yaml", (text) => text.replace("status: active", "status: deleted")),
        command: ["destroy", "acme"],
        stdout:
          "acme  started\nacme  failed: E_ILLEGAL_TRANSITION: stack 'local.acme': the tenant is active; nothing was deleted. Set `status: deleted` in its entry and run `up`; it can be destroyed once retention is over or `purge` confirms it.\n",
      },
    ],
  },
  E_RETENTION: {
    provocations: [
      {
        when: "a deleted tenant's retention runs",
        arrange: async (stage) => {
          await stage.haveDeletedTenant("retired");
          return NOTHING;
        },
        command: ["destroy", "retired"],
        stdout:
          "retired  started\nretired  failed: E_RETENTION: Tenant 'retired' is 'deleted' and kept until TIME; expected that time to be over. To purge it before: `tenantry destroy retired --purge --confirm retired`, or `purge: retired` in tenants/retired.yaml, then `up` and `destroy`.\n",
      },
    ],
  },
  E_HOLD: {
    provocations: [
      {
        when: "the purge of a held tenant is confirmed",
        arrange: async (stage) => {
          await stage.haveDeletedTenant("retired");
          await stage.master("UPDATE identity.tenant SET hold = true WHERE slug = 'retired'");
          return async () => {
            await stage.master("UPDATE identity.tenant SET hold = false WHERE slug = 'retired'");
          };
        },
        command: ["destroy", "retired", "--purge", "--confirm", "retired"],
        stdout:
          "retired  started\nretired  failed: E_HOLD: Tenant 'retired' is under legal hold; expected 'hold: false' before a purge. Set `hold: false` in tenants/retired.yaml and run `tenantry up retired` first, so that the review and the audit say who lifted it.\n",
      },
    ],
  },
  E_IMMUTABLE: {
    provocations: [
      {
        when: "the entry names another database",
        arrange: (stage) => stage.edit("tenants/acme.yaml", (text) => `${text}database: tenant_other\n`),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_IMMUTABLE: Tenant 'acme': 'database' never changes: it is 'tenant_acme'; got 'tenant_other'. Set it back.\n",
      },
      {
        when: "a preview says it too",
        arrange: (stage) => stage.edit("tenants/acme.yaml", (text) => `${text}database: tenant_other\n`),
        command: ["preview", "acme"],
        stdout:
          "acme  started\nacme  failed: E_IMMUTABLE: Tenant 'acme': 'database' never changes: it is 'tenant_acme'; got 'tenant_other'. Set it back.\n",
      },
      {
        when: "the entry's file is renamed, and it is named",
        arrange: (stage) => renamed(stage, "tenants/acme.yaml", "tenants/acme-health.yaml"),
        command: ["up", "acme-health"],
        stdout: `acme-health  started\nacme-health  failed: E_IMMUTABLE: ${RENAMED} Rename the file back to 'tenants/acme.yaml'. A second tenant beside it needs both files.\n`,
      },
      {
        when: "the entry's file is renamed, and all are applied",
        arrange: (stage) => renamed(stage, "tenants/acme.yaml", "tenants/acme-health.yaml"),
        command: ["up", "--all"],
        stderr: `E_IMMUTABLE: ${RENAMED}\n  Rename the file back to 'tenants/acme.yaml'. A second tenant beside it needs both files.\n`,
      },
    ],
  },
  E_CHECKSUM_CHANGED: {
    provocations: [
      {
        when: "an applied migration's file was edited",
        arrange: (stage) => stage.edit(stage.migration("0002"), (text) => `${text}\n-- edited\n`),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_CHECKSUM_CHANGED: migrations/tenant/0002_visits.sql: was applied with checksum 15a7769dd3d1 and now has c2aa30395741; expected it unchanged. Put it back; what should change is a new migration.\n",
      },
    ],
  },
  E_MIGRATION_REMOVED: {
    provocations: [
      {
        when: "an applied migration's file is gone",
        arrange: (stage) => stage.removeFile(stage.migration("0003")),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_MIGRATION_REMOVED: migrations/tenant/0003_reporting.sql: is applied and its file is gone; expected it unchanged. Put it back.\n",
      },
    ],
  },
  E_ENTRY_REMOVED: {
    provocations: [
      {
        when: "a live tenant's entry is gone, and all are applied",
        arrange: (stage) => stage.removeFile("tenants/acme.yaml"),
        command: ["up", "--all"],
        stderr:
          "E_ENTRY_REMOVED: tenants/acme.yaml: expected the entry of a living tenant; got no such file.\n  Put the file back with `status: deleted`, run `up`, and purge the tenant with `destroy` when its retention is over.\n",
      },
      {
        when: "a live tenant's entry is gone, and it is named",
        arrange: (stage) => stage.removeFile("tenants/acme.yaml"),
        command: ["up", "acme"],
        stderr:
          "E_ENTRY_REMOVED: tenants/acme.yaml: expected the entry of a living tenant; got no such file.\n  Put the file back with `status: deleted`, run `up`, and purge the tenant with `destroy` when its retention is over.\n",
      },
    ],
  },
  E_TOO_MANY_DELETES: {
    cannotOccur: "the guard belongs to the fleet, which isn't built, and `local` has none",
    provocations: [
      {
        when: "`fleet` is refused",
        command: ["fleet", "--all"],
        answers: "E_NOT_SUPPORTED",
        stderr:
          "E_NOT_SUPPORTED: `tenantry fleet` is not built yet.\n  `tenantry --help` lists the verbs that are.\n",
      },
    ],
  },
  E_PLATFORM_IN_USE: {
    provocations: [
      {
        when: "the platform is to be destroyed while a tenant lives",
        arrange: async (stage) => {
          await stage.haveDeletedTenant("retired");
          return NOTHING;
        },
        command: ["destroy", "--platform"],
        stdout:
          "platform  started\nplatform  failed: E_PLATFORM_IN_USE: platform 'local' holds 2 tenant(s): 'acme', 'retired'; expected none. Nothing was deleted. Delete and purge them first.\n",
      },
    ],
  },
  E_STATE: {
    provocations: [
      {
        when: "a stack's state file is torn",
        arrange: (stage) => stage.editState("local.acme", (text) => text.slice(0, text.length / 2)),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_STATE: state file 'ROOT/.tenantry/local/backend/.pulumi/stacks/tenantry/local.acme.json' is damaged: Unterminated string in JSON at position NUMBER. Nothing was touched. Put the last good copy in its place: 'ROOT/.tenantry/local/backend/.pulumi/history/tenantry/local.acme/local.acme-NUMBER.checkpoint.json'.\n",
      },
      {
        when: "a stack's state file is empty",
        arrange: (stage) => stage.editState("local.acme", () => ""),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_STATE: state file 'ROOT/.tenantry/local/backend/.pulumi/stacks/tenantry/local.acme.json' is damaged: it is empty. Nothing was touched. Put the last good copy in its place: 'ROOT/.tenantry/local/backend/.pulumi/history/tenantry/local.acme/local.acme-NUMBER.checkpoint.json'.\n",
      },
      {
        when: "a newer engine wrote the state",
        arrange: (stage) =>
          stage.editState("local.acme", (text) => text.replace(/"version":\d/, '"version":9')),
        command: ["preview", "acme"],
        stdout:
          "acme  started\nacme  failed: E_STATE: state file 'ROOT/.tenantry/local/backend/.pulumi/stacks/tenantry/local.acme.json': expected version 4 or older; got 9. Nothing was touched. A newer release wrote it: run that one.\n",
      },
    ],
  },
  E_EDGE_PENDING: {
    provocations: [
      {
        when: "Front Door takes its time to validate a domain: nothing is undone, and a later run finishes it",
        arrange: async (stage) => {
          const resetConfig = stage.edit(CONFIG, (text) => text.replace("waitMs: 10000", "waitMs: 300"));
          stage.addEntry("slowpoke", "server: db-01\n");
          await stage.restart({ TENANTRY_LOCAL_VALIDATION_DELAY_MS: "3600000" });
          return resetConfig;
        },
        command: ["up", "slowpoke"],
        stdout:
          "slowpoke  started\nslowpoke  placement_resolved\nslowpoke  state_checked\nslowpoke  secret_set\nslowpoke  database_created\nslowpoke  migrations_applied\nslowpoke  admin_seeded\nslowpoke  failed: E_EDGE_PENDING: Tenant 'slowpoke': host 'slowpoke.local.tenantry.test' isn't served after 0.3 s: Front Door says 'Pending' of its domain; expected a CNAME that resolves and an approved domain. Nothing was undone; run `up slowpoke` again later.\n",
        // All but the organization and `active`.
        touches: [
          "cloud arm microsoft.cdn/profiles/tenantry-local/afdendpoints/tenantry-local/routes/tenant-slowpoke",
          "cloud arm microsoft.cdn/profiles/tenantry-local/customdomains/tenant-slowpoke",
          "cloud arm microsoft.network/dnszones/local.tenantry.test/cname/slowpoke",
          "cloud arm microsoft.network/dnszones/local.tenantry.test/txt/_dnsauth.slowpoke",
          "cloud vault:tenantry-local-tenants tenant-client-slowpoke",
          "cloud vault:tenantry-local-tenants tenant-db-slowpoke",
          "cloud vault:tenantry-local-tenants tenant-key-slowpoke--default",
          "db-01 data tenant_slowpoke",
          "db-01 database tenant_slowpoke",
          "db-01 role tenant_slowpoke_owner",
          // A member of the new role.
          "db-01 role tenantry_admin",
          "master outbox slowpoke",
          "master tenant slowpoke",
          "master tenant_audit slowpoke",
          "master tenant_host slowpoke",
          "master tenant_phase slowpoke",
          "state tenantry/local.slowpoke.json",
        ],
        after: async (stage) => {
          await stage.restart();
          await stage.succeed(["up", "slowpoke"]);
          expect(await stage.master("SELECT status FROM identity.tenant WHERE slug = 'slowpoke'")).toEqual([
            { status: "active" },
          ]);
        },
      },
    ],
  },
  E_LOCKED: {
    provocations: [
      {
        when: "a run that lives holds the stack",
        arrange: (stage) => stage.lockStack("local.acme"),
        command: ["up", "acme"],
        stdout:
          "acme  started\nacme  failed: E_LOCKED: stack 'local.acme' is held by ines@HOST (pid PID) since TIME. `--wait` waits until it is free.\n",
      },
    ],
  },
} as const satisfies Record<string, CodeRow>;

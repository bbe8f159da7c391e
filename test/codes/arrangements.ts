import { secretClient } from "../support/localClients.ts";
import { callArm } from "./cloud.ts";
import type { Stage } from "./stage.ts";

/** What brings about the failures of `runTable.ts`, and what several of them leave. */

export const CONFIG = "stacks/Pulumi.local.yaml";

/** Row of a tenant that somebody else's stack has. */
export const FOREIGN = `INSERT INTO identity.tenant (id, slug, stack, status, database_name, role_name, secret_name, hosts)
  VALUES (gen_random_uuid(), 'newcomer', 'elsewhere.newcomer', 'active', 'tenant_newcomer', 'tenant_newcomer_owner', 'tenant-db-newcomer', '{}')`;

/** An entry `newcomer`, which leaves nothing behind when the test is over. */
export async function withNewcomer(stage: Stage, lines = ""): Promise<() => Promise<void>> {
  const removeEntry = stage.addEntry("newcomer", lines);
  return async () => {
    removeEntry();
    await stage.forget("newcomer");
  };
}

/** What every refused first run of `newcomer` leaves: its record with code and reason, and the story in the audit. */
export const FAILED_RECORD = [
  "master tenant newcomer",
  "master tenant_audit newcomer",
  "master tenant_host newcomer",
];

/** Written with the intent of a step and again with its end: another time, the same resources. */
export const STATE_OF_ACME = "state tenantry/local.acme.json";

/** Nothing was arranged that has to be put back. */
export const NOTHING = () => undefined;

/** Fails in its third line. */
export const BAD_SQL =
  "CREATE TABLE app.ward (id integer);\n\nALTER TABLE app.wards ADD COLUMN beds integer;\n";

export const BAD_MIGRATION = "migrations/tenant/0004_wards.sql";

/** Unmarked things of newcomer's names in every place. */
export async function makeForeignThings(stage: Stage): Promise<() => Promise<void>> {
  const { environment } = stage;
  const vault = secretClient(environment, environment.keyVault.url);
  const zone = `Microsoft.Network/dnsZones/${environment.dns.zone}`;
  const domain = "Microsoft.Cdn/profiles/tenantry-local/customDomains/tenant-newcomer";
  await stage.sql("db-02", "postgres", "CREATE ROLE tenant_newcomer_owner");
  await stage.sql("db-02", "postgres", "CREATE DATABASE tenant_newcomer");
  await vault.setSecret("tenant-db-newcomer", "somebody's");
  await callArm(environment, "PUT", `${zone}/CNAME/newcomer`, {
    properties: { TTL: 60, CNAMERecord: { cname: "elsewhere.example" } },
  });
  await callArm(environment, "PUT", domain, { properties: { hostName: `newcomer.${environment.dns.zone}` } });
  return async () => {
    await callArm(environment, "DELETE", `${zone}/CNAME/newcomer`);
    await callArm(environment, "DELETE", domain);
    await (await vault.beginDeleteSecret("tenant-db-newcomer")).pollUntilDone();
    await stage.sql("db-02", "postgres", "DROP DATABASE tenant_newcomer");
    await stage.sql("db-02", "postgres", "DROP ROLE tenant_newcomer_owner");
  };
}

/** The same entry under another file name. */
export function renamed(stage: Stage, from: string, to: string): () => void {
  const remove = stage.add(to, stage.workspace.read(from));
  const putBack = stage.removeFile(from);
  return () => {
    remove();
    putBack();
  };
}

/** Words for `acme` as `acme-health`. */
export const RENAMED =
  "tenants/acme-health.yaml: the file name never changes: this is tenant 'acme', whose 'tenants/acme.yaml' is gone. Nothing was touched.";

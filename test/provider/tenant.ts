import type { Properties } from "../../src/provider/protocol/wire.ts";
import { toIdentitySeeds } from "../../src/tenant/desiredIdentity.ts";
import { seedSecretNames } from "../../src/tenant/identitySeeds.ts";
import { PATHS } from "../edge/azure.ts";
import type { State, TestEngine } from "./engine.ts";
import { CANARY, type World } from "./world.ts";

/** Inputs of every resource of one tenant, as the program would send them. */
export function tenantInputs(
  world: World,
  slug: string,
  overrides: { status?: string; files?: Properties } = {},
) {
  const stack = `local.${slug}`;
  const database = `tenant_${slug.replaceAll("-", "_")}`;
  const role = `${database}_owner`;
  const secretName = `tenant-db-${slug}`;
  const hosts = [`${slug}.local.tenantry.test`];
  const status = overrides.status ?? "active";
  const migrations = { kind: "sql", dir: world.migrationsDir };
  const settings = { model: { value: "gpt-4o-mini", source: "environment" } };
  const seeds = toIdentitySeeds({ slug, product: "tenantry", hosts, parent: { slug: "main" } });
  const { port } = world.postgres;
  const value = `postgres://${role}:${CANARY}@127.0.0.1:${port}/${database}`;
  const placeOf = (tenantId: string) => ({ slug, stack, tenantId, server: "db-01", database, role });
  return {
    slug,
    stack,
    database,
    role,
    secretName,
    host: hosts[0] ?? "",
    record: {
      ...{
        slug,
        stack,
        hosts,
        databaseName: database,
        roleName: role,
        secretName,
        isolation: "database",
        status,
      },
      ...{ isPurgeConfirmed: false, retentionDays: 30 },
      facts: { displayName: `${slug} Inc`, plan: "trial", labels: { tier: "pilot" }, settings },
    },
    placement: { slug, stack, server: "auto", region: "any", migrations },
    check: (id: string) => ({
      ...placeOf(id),
      secretName,
      seededSecrets: seedSecretNames(slug, seeds),
      hosts,
    }),
    secret: (id: string) => ({
      vaultUrl: world.vault.url,
      name: secretName,
      value,
      stack,
      slug,
      tenantId: id,
    }),
    databaseOf: (id: string) => ({ ...placeOf(id), password: CANARY, status, migrations }),
    migrations: (id: string) => ({
      ...placeOf(id),
      secretName,
      status,
      migrations,
      files: overrides.files ?? {},
    }),
    settings: (id: string) => ({ ...placeOf(id), settings }),
    admin: (id: string) => ({ ...placeOf(id), email: `admin@${slug}.example`, host: hosts[0] ?? "" }),
    identity: (id: string) => ({ ...placeOf(id), schemaVersion: 2, status, seeds }),
    backup: (id: string) => ({
      ...placeOf(id),
      status,
      backupsUrl: `file:${world.migrationsDir}/backups`,
      migrations,
    }),
    registration: (id: string, invitationId: string) => ({
      ...placeOf(id),
      ...{
        displayName: `${slug} Inc`,
        adminEmail: `admin@${slug}.example`,
        plan: "trial",
        labels: { tier: "pilot" },
      },
      ...{ settings, status, secretName, hosts, invitationId, edgeWaitMs: 1_000 },
    }),
  };
}

/** States of a tenant's resources by type. */
export type TenantStates = Record<string, State>;

/** What the edge resources of the program would have made. */
export function openTestEdge(world: World, slug: string, tenantId: string): void {
  const host = `${slug}.local.tenantry.test`;
  const metadata = { "tenantry-stack": `local.${slug}`, "tenantry-slug": slug, "tenantry-id": tenantId };
  world.azure.put(PATHS.domain(slug), { hostName: host, domainValidationState: "Approved" });
  world.azure.put(PATHS.route(slug), {});
  world.azure.put(PATHS.txt(slug), { TXTRecords: [{ value: ["token"] }], metadata });
  world.azure.put(PATHS.cname(slug), { CNAMERecord: { cname: "edge.example" }, metadata });
  world.azure.cnames.set(host, "edge.example");
}

/** Provisions a tenant in the order of PRODUCT.md. */
export async function provision(
  world: World,
  slug: string,
  overrides: { status?: string; files?: Properties } = {},
  engine: TestEngine = world.engine,
): Promise<{ tenantId: string; states: TenantStates }> {
  const inputs = tenantInputs(world, slug, overrides);
  const states: TenantStates = {};
  const make = async (type: string, properties: Properties): Promise<State> => {
    const state = await engine.create(type, properties);
    states[type] = state;
    return state;
  };
  const tenantId = String((await make("TenantRecord", inputs.record)).outputs.tenantId);
  await make("Placement", inputs.placement);
  await make("StateCheck", inputs.check(tenantId));
  await make("VaultSecret", inputs.secret(tenantId));
  await make("Database", inputs.databaseOf(tenantId));
  await make("Migrations", inputs.migrations(tenantId));
  await make("Settings", inputs.settings(tenantId));
  const admin = await make("Admin", inputs.admin(tenantId));
  await make("Identity", inputs.identity(tenantId));
  await make("FinalBackup", inputs.backup(tenantId));
  openTestEdge(world, slug, tenantId);
  await make("Registration", inputs.registration(tenantId, String(admin.outputs.invitationId)));
  return { tenantId, states };
}

/** What the program's edge resources do on delete. */
export function closeTestEdge(world: World, slug: string): void {
  for (const path of Object.values(PATHS)) world.azure.resources.delete(path(slug).toLowerCase());
  world.azure.cnames.delete(`${slug}.local.tenantry.test`);
}

/** Deletes a tenant's resources in the reverse order, as a destroy does. */
export async function destroy(
  world: World,
  slug: string,
  states: TenantStates,
  engine: TestEngine = world.engine,
): Promise<void> {
  for (const [type, state] of Object.entries(states).reverse()) {
    await engine.delete(type, state);
    if (type === "Registration") closeTestEdge(world, slug);
  }
}

/** Everything that master, vault and server hold, for a comparison. */
export async function snapshot(world: World) {
  return {
    tenants: await world.master("SELECT * FROM identity.tenant ORDER BY id"),
    audit: await world.master("SELECT * FROM identity.tenant_audit ORDER BY id"),
    outbox: await world.master("SELECT * FROM identity.outbox ORDER BY id"),
    phases: await world.master("SELECT * FROM identity.tenant_phase ORDER BY id"),
    databases: await world.query(
      "postgres",
      "SELECT oid, datname, datacl::text, shobj_description(oid, 'pg_database') AS comment FROM pg_database ORDER BY oid",
    ),
    roles: await world.query("postgres", "SELECT oid, rolname, rolcanlogin FROM pg_roles ORDER BY oid"),
    secrets: [...world.vault.secrets].map(([name, { versions, tags, isDeleted }]) => ({
      ...{ name, tags, isDeleted },
      versions: versions.length,
    })),
    edge: [...world.azure.resources.keys()],
  };
}

/** What an `up` does whose entry says `deleted` and `purge`. */
export async function deleteTenant(
  world: World,
  slug: string,
  tenantId: string,
  states: TenantStates,
  files: Properties = {},
): Promise<TenantStates> {
  const inputs = tenantInputs(world, slug, { status: "deleted", files });
  const next: TenantStates = { ...states };
  const update = async (type: string, news: Properties) => {
    const state = states[type];
    if (state === undefined) throw new Error(`no state of ${type}`);
    next[type] = await world.engine.update(type, state, news);
  };
  await update("TenantRecord", { ...inputs.record, isPurgeConfirmed: true });
  await update("Database", inputs.databaseOf(tenantId));
  await update("Migrations", inputs.migrations(tenantId));
  await update("Identity", inputs.identity(tenantId));
  await update("FinalBackup", inputs.backup(tenantId));
  await update("Registration", inputs.registration(tenantId, ""));
  return next;
}

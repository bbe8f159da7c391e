import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { armClients } from "../../src/edge/armClients.ts";
import { type DeploymentJson, JOURNAL_FEATURE, parseCheckpoint } from "../../src/engine/checkpoint.ts";
import { replayJournal } from "../../src/engine/journal.ts";
import { type Environment, query, readEnvironment, secretClient, tenantUrl } from "./localClients.ts";
import type { Workspace } from "./workspace.ts";

/** `stacks/Pulumi.local.yaml`'s. */
export const SUBSCRIPTION = "10ca1000-0000-4000-8000-000000000001";
export const GROUP = "tenantry-local";
const FRONT_DOOR = "tenantry-local";

/** What tenants have left in a local cloud, by kind; every list is sorted, and a name twice is there twice. */
export interface CloudContents {
  /** `server/database`. */
  readonly databases: readonly string[];
  /** `server/role`. */
  readonly roles: readonly string[];
  readonly secrets: readonly string[];
  /** `type name`. */
  readonly recordSets: readonly string[];
  readonly domains: readonly string[];
  readonly routes: readonly string[];
}

/** A zone has them from its creation to its end. */
const ZONES_OWN = ["NS @", "SOA @"];

/** Serves the endpoint's own host, whoever the tenants are. */
const PLATFORMS_ROUTE = "shared";

/** A workspace's local cloud, and its Resource Manager for this process's own clients. */
export async function enterCloud(workspace: Workspace): Promise<Environment> {
  const cloud = await readEnvironment(workspace);
  process.env.TENANTRY_ARM_URL = cloud.arm.url;
  process.env.IDENTITY_ENDPOINT = cloud.identity.endpoint;
  process.env.IDENTITY_HEADER = cloud.identity.header;
  return cloud;
}

/** Asks servers, vault, zone and Front Door for everything they hold. */
export async function readCloudContents(cloud: Environment): Promise<CloudContents> {
  const servers = await Promise.all(cloud.postgres.map(({ name }) => readServer(cloud, name)));
  const vault = secretClient(cloud, cloud.keyVault.url);
  const { dns, cdn } = await armClients(SUBSCRIPTION);
  const contents: Record<keyof CloudContents, string[]> = {
    databases: servers.flatMap(({ databases }) => databases),
    roles: servers.flatMap(({ roles }) => roles),
    secrets: await collect(vault.listPropertiesOfSecrets(), ({ name }) => name),
    recordSets: (
      await collect(dns.recordSets.listByDnsZone(GROUP, cloud.dns.zone), ({ name, type }) =>
        [type?.split("/").at(-1), name].join(" "),
      )
    ).filter((record) => !ZONES_OWN.includes(record)),
    domains: await collect(cdn.afdCustomDomains.listByProfile(GROUP, FRONT_DOOR), ({ name }) => name),
    routes: (
      await collect(cdn.routes.listByEndpoint(GROUP, FRONT_DOOR, FRONT_DOOR), ({ name }) => name)
    ).filter((route) => route !== PLATFORMS_ROUTE),
  };
  for (const names of Object.values(contents)) names.sort();
  return contents;
}

/** What `now` has beyond `before`. */
export function addedContents(before: CloudContents, now: CloudContents): CloudContents {
  const kinds = Object.keys(now) as (keyof CloudContents)[];
  const added = kinds.map((kind) => [kind, now[kind].filter((name) => !before[kind].includes(name))]);
  return Object.fromEntries(added) as CloudContents;
}

/** What tenants have added, whichever server they are on; templates and the role of their objects stay for others. */
export function tenantContents(before: CloudContents, now: CloudContents): CloudContents {
  const added = Object.entries(addedContents(before, now)).map(([kind, names]) => [
    kind,
    names.map((name: string) => name.replace(/^db-0\d\//, "")).filter((name: string) => !SHARED.test(name)),
  ]);
  return Object.fromEntries(added.map(([kind, names]) => [kind, names.toSorted()]));
}

const SHARED = /^(tmpl_tenantry_[0-9a-f]{12}|tenantry_template_owner)$/;

/** One of everything for each tenant, as {@link tenantContents} answers it. */
export function contentsOf(subjects: readonly string[]): CloudContents {
  const names = subjects.map((slug) => slug.replaceAll("-", "_"));
  const each = (nameOf: (slug: string) => string): string[] => subjects.map(nameOf).toSorted();
  return {
    databases: names.map((name) => `tenant_${name}`).toSorted(),
    roles: names.map((name) => `tenant_${name}_owner`).toSorted(),
    secrets: subjects
      .flatMap((slug) => [`tenant-db-${slug}`, `tenant-client-${slug}`, `tenant-key-${slug}--default`])
      .toSorted(),
    recordSets: subjects.flatMap((slug) => [`CNAME ${slug}`, `TXT _dnsauth.${slug}`]).toSorted(),
    domains: each((slug) => `tenant-${slug}`),
    routes: each((slug) => `tenant-${slug}`),
  };
}

interface ServerContents {
  readonly databases: string[];
  readonly roles: string[];
}

async function readServer(cloud: Environment, name: string): Promise<ServerContents> {
  const { value = "" } = await secretClient(cloud, cloud.platformVault.url).getSecret(`server-${name}-admin`);
  const databases = await query(value, "SELECT datname AS name FROM pg_database");
  const roles = await query(value, "SELECT rolname AS name FROM pg_roles");
  return {
    databases: databases.map((row) => `${name}/${row.name}`),
    roles: roles.map((row) => `${name}/${row.name}`),
  };
}

async function collect<Item>(
  items: AsyncIterable<Item>,
  nameOf: (item: Item) => string | undefined,
): Promise<string[]> {
  const names: string[] = [];
  for await (const item of items) names.push(nameOf(item) ?? "");
  return names;
}

/** A stack's file as far as a killed run could have spoiled it. */
export interface StackContents {
  readonly stack: string;
  readonly pending: number;
  /** URNs that are there more than once. */
  readonly doubled: readonly string[];
  /** Names of what it holds, but for providers and references: a refused destroy drops those that nothing needs. */
  readonly resources: readonly string[];
}

/** Every stack of a `file://` backend, by name. */
export function readStacks(cloud: Environment): StackContents[] {
  const folder = join(fileURLToPath(cloud.backend.url), ".pulumi/stacks/tenantry");
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => {
    const { resources, pending_operations: pending } = deploymentIn(join(folder, name));
    const urns = (resources ?? []).map(({ urn }) => String(urn));
    return {
      stack: name.slice(0, -".json".length),
      pending: pending?.length ?? 0,
      doubled: urns.filter((urn, index) => urns.indexOf(urn) !== index),
      resources: urns
        .filter((urn) => !/::pulumi:(providers:|pulumi:StackReference)/.test(urn))
        .map((urn) => urn.split("::").at(-1) ?? ""),
    };
  });
}

/** A stack's state, with what the journal of a run that was cut off adds. */
function deploymentIn(path: string): DeploymentJson {
  const text = readFileSync(path, "utf8");
  const { deployment, features = [] } = parseCheckpoint(text, path);
  if (!features.includes(JOURNAL_FEATURE)) return deployment;
  return replayJournal(deployment, text, readFileSync(`${path}.journal`, "utf8"), path);
}

/** Lock files of all stacks. */
export function readLockFiles(cloud: Environment): string[] {
  const folder = join(fileURLToPath(cloud.backend.url), ".pulumi/locks");
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** What a tenant's own database says to whoever logs in with the vault's URL. */
export async function readTenantDatabase(cloud: Environment, slug: string): Promise<object> {
  const url = await tenantUrl(cloud, slug);
  const [row] = await query(
    url,
    `SELECT current_user AS owner, (SELECT count(*)::int FROM tenantry.admin) AS admins,
       (SELECT count(*)::int FROM tenantry.invitation WHERE revoked_at IS NULL) AS invitations,
       (SELECT array_agg(version ORDER BY version) FROM tenantry.migration) AS migrations`,
  );
  return row ?? {};
}

import { type EdgeClient, lookupCname, openEdge, probeHost } from "../edge/index.ts";
import {
  type Client,
  close,
  connect,
  lastMigration,
  observeDatabase,
  ownershipOf,
  readLedger,
  withConnection,
  withDatabase,
  withOwnTables,
} from "../postgres/index.ts";
import {
  decidePurge,
  isPurgeable,
  listRecords,
  readOrganization,
  readRecord,
  readServer,
  type TenantRow,
} from "../registry/index.ts";
import { openVault, type SecretVault } from "../vault/index.ts";
import type { DomainObservation, TenantNames, TenantObservation, TenantSources } from "./observation.ts";

const APPLICATION = "tenantry status";
/** A status is asked by a person: an absent server is told after this long. */
const CONNECT_TIMEOUT_MS = 3_000;
const ONCE = { applicationName: APPLICATION, connectTimeoutMs: CONNECT_TIMEOUT_MS, retryBudgetMs: 0 };

/** Where a tenant's purge stands. */
export interface PurgeState {
  readonly isPurging: boolean;
  /** A legal hold forbids it. */
  readonly isHeld: boolean;
  /** Only while retention runs. */
  readonly keptUntil?: Date;
}

/** Asks several tenants' masters, vaults, databases and edges over connections that are shared. */
export interface Observer {
  observe(names: TenantNames): Promise<TenantObservation>;
  /** Slugs whose records let a purge through now. */
  purgeableSlugs(): Promise<readonly string[]>;
  /** Where a tenant's purge stands: begun, or until when retention keeps its data. */
  purgeState(slug: string): Promise<PurgeState>;
  /** Every record that isn't purged, by slug. */
  records(): Promise<readonly TenantRow[]>;
  /** What time it is at master. */
  now(): Promise<Date>;
  close(): Promise<void>;
}

/** Connects to master; throws when master or the platform's vault can't be asked, for then nothing is known. */
export async function openObserver(sources: TenantSources): Promise<Observer> {
  const platform = openVault(sources.platformVaultUrl);
  const masterUrl = await platform.get(sources.masterRef);
  if (masterUrl === undefined) throw new Error(`the platform's vault has no secret '${sources.masterRef}'`);
  const master = await connect(masterUrl, ONCE);
  const context: Context = {
    platform,
    tenants: openVault(sources.tenantVaultUrl),
    master,
    edge: sources.edge === undefined ? undefined : openEdge(sources.edge),
    endpointHost: sources.endpointHost,
  };
  return {
    observe: (names) => observeTenant(names, context),
    purgeableSlugs: async () =>
      (await listRecords(master)).filter((row) => isPurgeable(row, new Date())).map(({ slug }) => slug),
    purgeState: async (slug) => {
      const record = await readRecord(master, slug);
      if (record === undefined) return { isPurging: false, isHeld: false };
      const decision = decidePurge(record, new Date());
      const isPurging = record.status === "purging";
      const isHeld = record.hold;
      return decision.kind === "retention"
        ? { isPurging, isHeld, keptUntil: decision.until }
        : { isPurging, isHeld };
    },
    records: () => listRecords(master),
    now: async () =>
      (await master.query<{ now: Date }>("SELECT clock_timestamp() AS now")).rows[0]?.now ??
      new Date(Number.NaN),
    close: () => close(master),
  };
}

interface Context {
  readonly platform: SecretVault;
  readonly tenants: SecretVault;
  readonly master: Client;
  readonly edge: EdgeClient | undefined;
  readonly endpointHost: string | undefined;
}

async function observeTenant(names: TenantNames, context: Context): Promise<TenantObservation> {
  const problems: string[] = [];
  /** One part that can't be asked doesn't hide the others; it is told in `problems`. */
  const ask = async <T>(what: string, question: Promise<T>, otherwise: T): Promise<T> =>
    question.catch((error: unknown) => {
      problems.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return otherwise;
    });
  const record = await readRecord(context.master, names.slug);
  const organization = await organizationOf(record, context.master);
  const [database, hasSecret, cname, probe, domains] = await Promise.all([
    ask("database", observeContent(names, record, context), NOTHING),
    ask(
      "secret",
      context.tenants.get(names.secretName).then((value) => value !== undefined),
      false,
    ),
    ask("dns", lookupCname(names.host), undefined),
    probeHost(names.host),
    Promise.all(names.domains.map((domain) => observeDomain(domain, context, ask))),
  ]);
  const { endpointHost } = context;
  return {
    names,
    record,
    organizationId: organization,
    database,
    hasSecret,
    cname,
    probe,
    domains,
    problems,
    ...(endpointHost === undefined ? {} : { endpointHost }),
  };
}

type Ask = <T>(what: string, question: Promise<T>, otherwise: T) => Promise<T>;

async function observeDomain(
  { host, name }: TenantNames["domains"][number],
  { edge }: Context,
  ask: Ask,
): Promise<DomainObservation> {
  const question = edge === undefined ? Promise.resolve(undefined) : edge.customDomain(name);
  const [domain, probe] = await Promise.all([ask(`domain '${host}'`, question, undefined), probeHost(host)]);
  return {
    host,
    validationState: domain?.validationState,
    validationToken: domain?.validationToken ?? "",
    probe,
  };
}

async function organizationOf(record: TenantRow | undefined, master: Client): Promise<string | undefined> {
  if (record === undefined) return undefined;
  return (await readOrganization(master, record.id))?.id;
}

const NOTHING: TenantObservation["database"] = {
  isProvisioned: false,
  isHealthy: false,
  hasAdmin: false,
  settings: {},
};

async function observeContent(
  names: TenantNames,
  record: TenantRow | undefined,
  { master, platform }: Context,
): Promise<TenantObservation["database"]> {
  if (record === undefined || record.server === null) return NOTHING;
  const server = await readServer(master, record.server);
  const adminUrl = server === undefined ? undefined : await platform.get(server.adminSecretRef);
  if (adminUrl === undefined) throw new Error(`server '${record.server}' has no admin in the vault`);
  const state = await withConnection(adminUrl, ONCE, (admin) => observeDatabase(admin, names.databaseName));
  const marker = { stack: record.stack, slug: record.slug, tenantId: record.id };
  if (state === undefined || state.isInvalid || ownershipOf(state.comment, marker) !== "ours") return NOTHING;
  if (!state.allowsConnections) return { ...NOTHING, isProvisioned: true };
  return withConnection(withDatabase(adminUrl, names.databaseName), ONCE, readContent);
}

async function readContent(client: Client): Promise<TenantObservation["database"]> {
  const last = lastMigration(await readLedger(client));
  return withOwnTables(client, ["admin", "setting"], "read", async () => ({
    ...(await readSeeded(client)),
    lastMigration: last,
  }));
}

/** What was seeded. The caller has made sure that the tables are ours: a view planted there would run as the admin. */
async function readSeeded(client: Client): Promise<TenantObservation["database"]> {
  const { rows: tables } = await client.query(
    "SELECT to_regclass('tenantry.admin') IS NOT NULL AS admin, to_regclass('tenantry.setting') IS NOT NULL AS setting",
  );
  const admins =
    tables[0].admin === true ? await client.query("SELECT email FROM tenantry.admin LIMIT 1") : undefined;
  const settings =
    tables[0].setting === true ? await client.query("SELECT key, value FROM tenantry.setting") : undefined;
  const adminEmail: string | undefined = admins?.rows[0]?.email;
  return {
    isProvisioned: true,
    isHealthy: true,
    hasAdmin: adminEmail !== undefined,
    ...(adminEmail === undefined ? {} : { adminEmail }),
    settings: Object.fromEntries((settings?.rows ?? []).map((row) => [row.key, row.value])),
  };
}

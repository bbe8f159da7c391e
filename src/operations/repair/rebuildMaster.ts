import { type Marker, parseMarker } from "../../postgres/index.ts";
import { listRecords, listServers, rebuildRecord } from "../../registry/index.ts";
import type { DesiredStatus, DesiredTenant } from "../../tenant/desired.ts";
import { loadWorkspace } from "../../tenant/load.ts";
import { reviewEnvironment } from "../../tenant/select.ts";
import type { OperationContext } from "../context.ts";
import { withTenantHeld } from "../tenantHeld.ts";

/** A tenant's database that some server holds, by its marker. */
export interface MarkedTenant {
  readonly slug: string;
  readonly tenantId: string;
  readonly server: string;
  /** As the role shows it. */
  readonly status: DesiredStatus;
  /** `rebuilt` only where it was written; `left` says in `why` what a person has to decide. */
  readonly outcome: "known" | "lost" | "rebuilt" | "left";
  readonly why?: string;
}

interface Marked {
  readonly marker: Marker;
  readonly server: string;
  readonly database: string;
  readonly canLogin: boolean;
}

/**
 * Finds every tenant of the environment by the markers on the servers' databases and roles, and with `shouldWrite` writes the records
 * that master has lost: what no marker holds comes from the entries. Statuses are those that roles show. What an entry doesn't
 * explain, or master knows otherwise, is named and left. Servers' rows come from `up --platform`, before this.
 */
export async function rebuildMaster(
  context: OperationContext,
  { shouldWrite }: { readonly shouldWrite: boolean },
): Promise<readonly MarkedTenant[]> {
  const { candidates } = reviewEnvironment(loadWorkspace(context.root), context.config);
  const entries = new Map(candidates.map(({ tenant }) => [tenant.slug, tenant]));
  const { servers, records } = await context.access.withMaster(async (client) => ({
    servers: await listServers(client),
    records: await listRecords(client, true),
  }));
  const marked = (await Promise.all(servers.map(({ name }) => findMarked(context, name)))).flat();
  const told: MarkedTenant[] = [];
  for (const each of marked.sort((left, right) => (left.marker.slug < right.marker.slug ? -1 : 1))) {
    const tenant = entries.get(each.marker.slug);
    const record = records.find(({ slug, status }) => slug === each.marker.slug && status !== "purged");
    const isPurged = records.some(({ id, status }) => id === each.marker.tenantId && status === "purged");
    const judged = judge(each, tenant, isPurged ? "a tombstone" : record?.id);
    const isLost = judged.outcome === "lost" && tenant !== undefined;
    told.push(isLost && shouldWrite ? await write(context, judged, tenant) : judged);
  }
  return told;
}

function judge(
  { marker: { slug, tenantId }, server, database, canLogin }: Marked,
  tenant: DesiredTenant | undefined,
  known: string | undefined,
): MarkedTenant {
  const closed = tenant?.status === "deleted" ? "deleted" : "suspended";
  const told = { slug, tenantId, server, status: canLogin ? ("active" as const) : (closed as DesiredStatus) };
  const left = (why: string): MarkedTenant => ({ ...told, outcome: "left", why });
  if (known === tenantId) return { ...told, outcome: "known" };
  if (known !== undefined) return left(`master knows '${slug}' as ${known}`);
  if (tenant === undefined) return left(`there is no entry tenants/${slug}.yaml in this environment`);
  if (tenant.databaseName !== database)
    return left(`its entry's database is '${tenant.databaseName}' and this one is '${database}'`);
  return { ...told, outcome: "lost" };
}

async function write(
  context: OperationContext,
  found: MarkedTenant,
  tenant: DesiredTenant,
): Promise<MarkedTenant> {
  const { access, deployer, run } = context;
  return withTenantHeld(context, found.slug, async () => {
    const { tenantId, server, status } = found;
    const rotation = await deployer.passwordRotation(tenant.stack);
    const life = { tenantId, server, status, rotation, tenant };
    const isNew = await access.withMaster((client) => rebuildRecord(client, life, run));
    context.point("rebuild:written");
    return { ...found, outcome: isNew ? "rebuilt" : "known" };
  });
}

/** Only a database and its owner that bear the same marker prove a life; names of work in progress don't. */
async function findMarked({ access, environment }: OperationContext, server: string): Promise<Marked[]> {
  return access.withAdmin(server, async ({ client }) => {
    const { rows } = await client.query<{ database: string; comment: string; canLogin: boolean }>(
      `SELECT d.datname AS database, shobj_description(d.oid, 'pg_database') AS comment, r.rolcanlogin AS "canLogin"
         FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba
        WHERE shobj_description(d.oid, 'pg_database') = shobj_description(r.oid, 'pg_authid')
          AND d.datname NOT LIKE 'tenantry\\_%' AND d.datconnlimit <> -2`,
    );
    return rows.flatMap(({ database, comment, canLogin }) => {
      const marker = parseMarker(comment);
      const isHere = marker?.stack === `${environment}.${marker?.slug}`;
      return marker === undefined || !isHere ? [] : [{ marker, server, database, canLogin }];
    });
  });
}

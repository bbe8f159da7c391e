import { observeDatabase, observeRole, ownershipOf } from "../../postgres/index.ts";
import { readRecord, type TenantRow } from "../../registry/index.ts";
import type { DesiredTenant } from "../../tenant/desired.ts";
import {
  cnameRecordName,
  customDomainName,
  MARKER_KEYS,
  routeName,
  validationRecordName,
} from "../../tenant/edgeNames.ts";
import type { OperationContext } from "../context.ts";

/** Where something of a tenant can be, in PRODUCT.md's words. */
export type Place = "master" | "database" | "role" | "secret" | "DNS" | "CDN" | "state";

/** One thing of a tenant's names and whose it is. */
export interface Found {
  readonly place: Place;
  /** `database 'tenant_acme' on 'db-01'`. */
  readonly what: string;
  /** `ours` bears the marker of the record's very life. Without a record nothing can be. */
  readonly whose: "ours" | "foreign" | "absent";
}

/** Everything that decides how a tenant is mended. */
export interface TenantFacts {
  readonly slug: string;
  readonly record: TenantRow | undefined;
  readonly things: readonly Found[];
  /** The stack holds, or a killed run began, something. */
  readonly hasState: boolean;
}

/** Asks master, server, vault, zone and Front Door for everything of a tenant's names. Writes nothing. */
export async function lookAtTenant(context: OperationContext, tenant: DesiredTenant): Promise<TenantFacts> {
  const { access, deployer } = context;
  const record = await access.withMaster((client) => readRecord(client, tenant.slug));
  const [server, secret, edge, hasState] = await Promise.all([
    record?.server === undefined || record.server === null
      ? []
      : findInServer(context, record, record.server),
    findSecret(context, tenant, record),
    findEdge(context, tenant, record),
    deployer.hasResources(tenant.stack),
  ]);
  return { slug: tenant.slug, record, things: [...server, ...secret, ...edge], hasState };
}

function found(place: Place, what: string, isThere: boolean, isOurs: boolean): Found {
  if (!isThere) return { place, what, whose: "absent" };
  return { place, what, whose: isOurs ? "ours" : "foreign" };
}

async function findInServer(context: OperationContext, record: TenantRow, server: string): Promise<Found[]> {
  const { databaseName, roleName, stack, slug, id: tenantId } = record;
  const isOurs = (comment: string | undefined) => ownershipOf(comment, { stack, slug, tenantId }) === "ours";
  return context.access.withAdmin(server, async ({ client }) => {
    const database = await observeDatabase(client, databaseName);
    const role = await observeRole(client, roleName);
    const isWhole = database !== undefined && !database.isInvalid;
    return [
      found("database", `database '${databaseName}' on '${server}'`, isWhole, isOurs(database?.comment)),
      found("role", `role '${roleName}' on '${server}'`, role !== undefined, isOurs(role?.comment)),
    ];
  });
}

async function findSecret(
  { access }: OperationContext,
  { secretName }: DesiredTenant,
  record: TenantRow | undefined,
): Promise<Found[]> {
  const secret = await access.tenantVault.find(secretName);
  const isThere = secret?.state === "present";
  return [found("secret", `secret '${secretName}'`, isThere, isMarked(secret?.tags, record))];
}

/** Domains and routes bear no tags: ours have our name and one of our hosts. */
async function findEdge(
  { access, config, provider }: OperationContext,
  { slug, hosts }: DesiredTenant,
  record: TenantRow | undefined,
): Promise<Found[]> {
  const { edge } = access;
  const [cname, txt] = await Promise.all([
    edge.recordSet("CNAME", cnameRecordName(slug)),
    edge.recordSet("TXT", validationRecordName(slug)),
  ]);
  const own = `${slug}.${provider.zone}`;
  const sets = [found("DNS", `CNAME '${own}'`, cname !== undefined, isMarked(cname?.metadata, record))];
  if (config.edge.mode !== "perTenant") return sets;
  const [domain, hasRoute] = await Promise.all([
    edge.customDomain(customDomainName(slug)),
    edge.hasRoute(routeName(slug)),
  ]);
  const isOurs = record !== undefined && (domain === undefined || hosts.includes(domain.hostName));
  return [
    ...sets,
    found("DNS", `TXT '_dnsauth.${own}'`, txt !== undefined, isMarked(txt?.metadata, record)),
    found("CDN", `domain '${customDomainName(slug)}'`, domain !== undefined, isOurs),
    found("CDN", `route '${routeName(slug)}'`, hasRoute, isOurs),
  ];
}

function isMarked(
  tags: Readonly<Record<string, string>> | undefined,
  record: TenantRow | undefined,
): boolean {
  return record !== undefined && tags?.[MARKER_KEYS.tenantId] === record.id;
}

import { ArmError, groupNotFound, parentNotFound, unsupported } from "./armError.ts";
import type { ArmResource, JsonMap } from "./armResource.ts";
import type { Site } from "./armType.ts";
import { armType } from "./armTypes.ts";
import { checkKnownParameters, checkVersion } from "./requestChecks.ts";
import { present, type ResourceAnswer } from "./resourceHandler.ts";
import { formatId, GROUP_TYPE, idKey, parseId, RESOURCES_TYPE, type ResourceId } from "./resourceId.ts";
import { DELETED_VAULT_TYPE } from "./types/deletedVault.ts";
import { ZONE_TYPE } from "./types/dnsShared.ts";

/** What a list takes beside `$skiptoken`, and how many items it answers when `$top` doesn't say; all without a size. */
interface Listing {
  readonly parameters: readonly string[];
  readonly pageSize?: number;
}

export interface ListCall {
  readonly site: Site;
  readonly id: ResourceId;
  readonly method: string;
  readonly url: URL;
  readonly apiVersion: string;
}

interface Item {
  /** Id without case: the order of a list, and where its next page begins. */
  readonly key: string;
  readonly body: JsonMap;
}

/** "If not specified, returns up to 100": Azure DNS, Record Sets and Zones. */
const DNS_PAGE = 100;
const RECORD_TYPES = ["A", "CNAME", "NS", "SOA", "TXT"];
const RECORD_SETS: Listing = { parameters: ["$top", "$recordsetnamesuffix"], pageSize: DNS_PAGE };
/** As each type's page has it; a type that isn't here takes none. */
const LISTINGS = new Map<string, Listing>(
  Object.entries({
    [GROUP_TYPE]: { parameters: ["$top"] },
    [RESOURCES_TYPE]: { parameters: ["$top", "$filter"] },
    "Microsoft.KeyVault/vaults": { parameters: ["$top"] },
    [ZONE_TYPE]: { parameters: ["$top"], pageSize: DNS_PAGE },
    ...Object.fromEntries(
      [...RECORD_TYPES, "recordsets", "all"].map((each) => [`${ZONE_TYPE}/${each}`, RECORD_SETS]),
    ),
  }).map(([type, listing]) => [type.toLowerCase(), listing]),
);
/** Resources of every type are also listed by the version that `@azure/arm-keyvault` asks with. */
const OLD_RESOURCES_VERSION = "2015-11-01";
const RESOURCE_TYPE_FILTER = /^resourceType eq '([^']+)'$/i;

/** Everything of a type in a subscription, a group or a parent, in pages. */
export function listResources(call: ListCall): ResourceAnswer {
  const { site, id, method, url } = call;
  if (method !== "GET")
    throw unsupported(`The local cloud does not answer ${method} for a list of ${id.type}.`);
  const { parameters, pageSize } = LISTINGS.get(id.type.toLowerCase()) ?? { parameters: [] };
  checkKnownParameters(url, [...parameters, "$skiptoken"], `a list of ${id.type}`);
  const scope = scopeOf(site, id);
  const items = id.type === RESOURCES_TYPE ? itemsOfEveryType(call, scope) : itemsOfType(call, scope);
  const sorted = [...items].sort((a, b) => (a.key < b.key ? -1 : 1));
  return pageOf(sorted, url, pageSize);
}

/** Id below which to look. Throws 404 when that is missing. */
function scopeOf({ state }: Site, { subscriptionId, group, type, names }: ResourceId): string {
  if (group === "") return `/subscriptions/${subscriptionId}`;
  const groupId = formatId(subscriptionId, group, GROUP_TYPE, []);
  if (state.get(groupId) === undefined) throw groupNotFound(group);
  if (names.length === 0) return groupId;
  const parent = formatId(subscriptionId, group, type.split("/").slice(0, -1).join("/"), names);
  if (state.get(parent) === undefined) throw parentNotFound(names.join("/"));
  return parent;
}

function itemsOfType({ site, id, url, apiVersion }: ListCall, scope: string): readonly Item[] {
  const types = collectionTypes(id).map(armType);
  for (const { type, apiVersions } of types) checkVersion(type, apiVersions, apiVersion);
  const suffix = url.searchParams.get("$recordsetnamesuffix")?.replace(/^\./, "").toLowerCase();
  return types.flatMap((type) =>
    [...site.state.ofType(type.type, scope), ...(type.computed?.(site, scope) ?? [])]
      .filter(({ name }) => suffix === undefined || `.${name.toLowerCase()}`.endsWith(`.${suffix}`))
      .map((resource) => ({ key: idKey(resource.id), body: present({ site, type }, resource) })),
  );
}

/** `recordsets` and `all` of a zone mean every record type there is. */
function collectionTypes({ type }: ResourceId): readonly string[] {
  const isEvery = ["recordsets", "all"].some(
    (word) => `${ZONE_TYPE}/${word}`.toLowerCase() === type.toLowerCase(),
  );
  return isEvery ? RECORD_TYPES.map((record) => `${ZONE_TYPE}/${record}`) : [type];
}

/** Resources with a location, as `Microsoft.Resources` lists them: without properties. */
function itemsOfEveryType({ site, url, apiVersion }: ListCall, scope: string): readonly Item[] {
  checkVersion(RESOURCES_TYPE, [OLD_RESOURCES_VERSION, ...armType(GROUP_TYPE).apiVersions], apiVersion);
  const filter = url.searchParams.get("$filter");
  const wanted = filter === null ? undefined : RESOURCE_TYPE_FILTER.exec(filter)?.[1]?.toLowerCase();
  if (filter !== null && wanted === undefined)
    throw unsupported(`The $filter "${filter}" is not supported; the local cloud has "resourceType eq '…'".`);
  return site.state
    .below(scope)
    .filter(isTracked)
    .filter(({ type }) => wanted === undefined || type.toLowerCase() === wanted)
    .map(({ id, type, envelope }) => ({
      key: idKey(id),
      body: { id, name: parseId(id).names.join("/"), type, ...envelope },
    }));
}

function isTracked({ type, envelope }: ArmResource): boolean {
  return envelope.location !== undefined && type !== GROUP_TYPE && type !== DELETED_VAULT_TYPE;
}

/** One page; `nextLink` leads to the rest. */
function pageOf(items: readonly Item[], url: URL, pageSize: number | undefined): ResourceAnswer {
  const after = positionOf(url.searchParams.get("$skiptoken"));
  const rest = items.filter(({ key }) => key > after);
  const page = rest.slice(0, topOf(url) ?? pageSize ?? rest.length);
  const value = page.map(({ body }) => body);
  const last = page.at(-1);
  if (last === undefined || page.length === rest.length) return { status: 200, body: { value } };
  const next = new URL(url);
  next.searchParams.set("$skiptoken", Buffer.from(last.key).toString("base64url"));
  return { status: 200, body: { value, nextLink: next.href } };
}

function topOf(url: URL): number | undefined {
  const top = url.searchParams.get("$top");
  if (top === null) return undefined;
  if (/^[1-9]\d*$/.test(top)) return Number(top);
  throw new ArmError(
    400,
    "BadRequest",
    `The query parameter '$top' must be a positive whole number; got '${top}'.`,
  );
}

function positionOf(token: string | null): string {
  if (token === null) return "";
  const key = Buffer.from(token, "base64url").toString();
  if (key.startsWith("/subscriptions/")) return key;
  throw new ArmError(400, "BadRequest", `The query parameter '$skiptoken' is not one of a nextLink.`);
}

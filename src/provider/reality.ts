import {
  dropRole,
  type Marker,
  observeDatabase,
  observeRole,
  ownershipOf,
  tenantLockKey,
  withAdvisoryLock,
} from "../postgres/index.ts";
import {
  cnameRecordName,
  domainNames,
  MARKER_KEYS,
  routeName,
  validationRecordName,
} from "../tenant/edgeNames.ts";
import { markerFor } from "./markerFor.ts";
import { findCopies } from "./movedCopies.ts";
import { hasPassedStateCheck } from "./records.ts";
import { removeDatabase } from "./removeDatabase.ts";
import type { Run } from "./run.ts";
import { isRecoverable, isSameLife } from "./secretOwnership.ts";

/** Where something of a tenant can be, in PRODUCT.md's words and order. */
export type Place = "database" | "role" | "secret" | "DNS" | "CDN";

/** One life of a tenant and the names its things have. */
export interface Subject extends Marker {
  /** Null before a place was chosen: then no server is asked. */
  readonly server: string | null;
  readonly database: string;
  readonly role: string;
  readonly secretName: string;
  /** Names of further secrets: of its application and API keys. */
  readonly seededSecrets: readonly string[];
  readonly hosts: readonly string[];
}

/** Something of the tenant's names that exists. */
export interface Finding {
  readonly place: Place;
  /** `database 'tenant_acme' on 'db-01'`. */
  readonly what: string;
  /** It bears the marker of this very life. */
  readonly isOurs: boolean;
  /** Removes it; call it for what is ours only. */
  remove(): Promise<void>;
}

/** How long another run's work on the same tenant is waited for. */
const LOCK_WAIT_MS = 60_000;

/** Everything that really exists of a tenant's names, in the order in which it may be removed: the CNAME before the domain. */
export async function lookEverywhere(subject: Subject, run: Run): Promise<readonly Finding[]> {
  const [recordSets, edge, server, secrets, copies] = await Promise.all([
    findRecordSets(subject, run),
    findEdge(subject, run),
    findInServer(subject, run),
    Promise.all([subject.secretName, ...subject.seededSecrets].map((name) => findSecret(subject, name, run))),
    findCopies(subject, run),
  ]);
  return [...recordSets, ...edge, ...server, ...secrets.flat(), ...copies];
}

/** `DNS, CDN: CNAME 'acme.zone'; domain 'tenant-acme'`: what was found, by place, for a message. */
export function listFindings(findings: readonly Finding[]): string {
  const places = ORDER.filter((place) => findings.some((finding) => finding.place === place));
  const sorted = places.flatMap((place) => findings.filter((finding) => finding.place === place));
  return `${places.join(", ")}: ${sorted.map(({ what }) => what).join("; ")}`;
}

const ORDER: readonly Place[] = ["database", "role", "secret", "DNS", "CDN"];

async function findInServer(subject: Subject, run: Run): Promise<readonly Finding[]> {
  const { server, database, role } = subject;
  if (server === null) return [];
  const marker = markerFor(subject);
  return run.access.withAdmin(server, async ({ client }) => {
    const foundDatabase = await observeDatabase(client, database);
    const foundRole = await observeRole(client, role);
    const isOurs = (comment: string) => ownershipOf(comment, marker) === "ours";
    return [
      ...findingOf(foundDatabase, "database", `database '${database}' on '${server}'`, isOurs, () =>
        dropDatabaseOf(subject, server, run),
      ),
      ...findingOf(foundRole, "role", `role '${role}' on '${server}'`, isOurs, () =>
        dropRoleOf(subject, server, run),
      ),
    ];
  });
}

function findingOf(
  found: { readonly comment: string } | undefined,
  place: Place,
  what: string,
  isOurs: (comment: string) => boolean,
  remove: () => Promise<void>,
): readonly Finding[] {
  return found === undefined ? [] : [{ place, what, isOurs: isOurs(found.comment), remove }];
}

async function dropDatabaseOf(subject: Subject, server: string, run: Run): Promise<void> {
  await run.access.withAdmin(server, (admin) =>
    withAdvisoryLock(admin.client, tenantLockKey(subject.slug), () => removeDatabase(admin, subject, run), {
      waitMs: LOCK_WAIT_MS,
    }),
  );
}

async function dropRoleOf(subject: Subject, server: string, run: Run): Promise<void> {
  await run.access.withAdmin(server, ({ client, url, options }) =>
    withAdvisoryLock(
      client,
      tenantLockKey(subject.slug),
      () => dropRole(client, url, subject.role, markerFor(subject), options),
      { waitMs: LOCK_WAIT_MS },
    ),
  );
}

async function findSecret(subject: Subject, name: string, run: Run): Promise<readonly Finding[]> {
  const { tenantVault } = run.access;
  const found = await tenantVault.find(name);
  if (found === undefined) return [];
  // A soft-deleted one of ours is as gone as it gets.
  if (found.state === "deleted" && isRecoverable(found, subject)) return [];
  const isOurs = found.state === "present" && isSameLife(found, subject);
  const state = found.state === "present" ? "" : " (soft-deleted)";
  const remove = () => tenantVault.remove(name);
  return [{ place: "secret", what: `secret '${name}'${state}`, isOurs, remove }];
}

async function findRecordSets(subject: Subject, run: Run): Promise<readonly Finding[]> {
  const { edge } = run.access;
  const wanted = [
    { type: "CNAME", name: cnameRecordName(subject.slug) },
    { type: "TXT", name: validationRecordName(subject.slug) },
  ] as const;
  const found = await Promise.all(
    wanted.map(async ({ type, name }) => ({ type, name, set: await edge.recordSet(type, name) })),
  );
  return found.flatMap(({ type, name, set }) => {
    if (set === undefined) return [];
    const isOurs = set.metadata[MARKER_KEYS.tenantId] === subject.tenantId;
    const what = `${type} '${name}.${run.config.zone}'`;
    return [{ place: "DNS", what, isOurs, remove: () => edge.removeRecordSet(type, name) }];
  });
}

/** Domains and routes bear no tags: ours have our name and host, and a record that once got past StateCheck. */
async function findEdge(subject: Subject, run: Run): Promise<readonly Finding[]> {
  const { edge } = run.access;
  const route = routeName(subject.slug);
  const [hasRoute, domains] = await Promise.all([edge.hasRoute(route), findDomains(subject, run)]);
  if (domains.length === 0 && !hasRoute) return [];
  const isPast = await run.access.withMaster((client) => hasPassedStateCheck(client, subject.tenantId));
  const [own] = domains;
  const isRouteOurs = isPast && (own === undefined || own.isOfSubject);
  const routes: Finding[] = hasRoute
    ? [{ place: "CDN", what: `route '${route}'`, isOurs: isRouteOurs, remove: () => edge.removeRoute(route) }]
    : [];
  const found = domains.map(({ name, hostName, isOfSubject }): Finding => {
    const what = `domain '${name}' of host '${hostName}'`;
    return { place: "CDN", what, isOurs: isPast && isOfSubject, remove: () => edge.removeCustomDomain(name) };
  });
  return [...routes, ...found];
}

async function findDomains({ slug, hosts }: Subject, { access: { edge } }: Run) {
  const found = await Promise.all(
    domainNames(slug, hosts).map(async ({ name }) => ({ name, domain: await edge.customDomain(name) })),
  );
  return found.flatMap(({ name, domain }) =>
    domain === undefined
      ? []
      : [{ name, hostName: domain.hostName, isOfSubject: hosts.includes(domain.hostName) }],
  );
}

import { isDeepStrictEqual } from "node:util";
import { denialIn, wordDenial } from "../tenant/notAllowed.ts";
import type { TenantObservation } from "./observation.ts";
import type { TenantStatus } from "./tenantStatus.ts";

/** Judges an observation. Pure. */
export function statusOf(observation: TenantObservation): TenantStatus {
  const { names, record, database, organizationId } = observation;
  return {
    id: record?.id ?? null,
    slug: names.slug,
    status: record?.status ?? "none",
    database: {
      provisioned: database.isProvisioned,
      healthy: database.isHealthy,
      name: names.databaseName,
      server: record?.server ?? null,
      lastMigration: emptyToNull(database.lastMigration),
    },
    secret: { name: names.secretName, exists: observation.hasSecret },
    dns: { host: names.host, resolves: observation.cname !== undefined },
    cdn: { host: names.host, serving: isServing(observation) },
    ...domainsOf(observation),
    admin: { email: database.adminEmail ?? null, seeded: database.hasAdmin },
    organization: { created: organizationId !== undefined, id: organizationId ?? null },
    settings: { inherited: isInherited(observation) },
    lastError: lastErrorOf(observation),
  };
}

/** The CDN reached the application, and the application knew this tenant by its host. */
function isServing({ probe, names }: Pick<TenantObservation, "probe" | "names">): boolean {
  if (!probe.isAnswered || probe.statusCode !== 200) return false;
  return slugIn(probe.body) === names.slug;
}

function domainsOf({
  domains,
  names,
  endpointHost,
}: TenantObservation): Pick<TenantStatus, "domains" | "domainRecords"> {
  const told = domains.map(({ host, validationState, probe }) => ({
    host,
    validation: validationState ?? "None",
    serving: isServing({ probe, names }),
  }));
  const records = domains.flatMap(({ host, validationState, validationToken }, at) => [
    ...(validationState === "Approved" || validationToken === ""
      ? []
      : [{ type: "TXT" as const, name: `_dnsauth.${host}`, value: validationToken }]),
    ...(told[at]?.serving === true || endpointHost === undefined
      ? []
      : [{ type: "CNAME" as const, name: host, value: endpointHost }]),
  ]);
  return { domains: told, ...(records.length === 0 ? {} : { domainRecords: records }) };
}

function slugIn(body: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(body);
    return typeof answer === "object" && answer !== null && "slug" in answer
      ? String(answer.slug)
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Every setting of environment and plan stands in the database with its value. */
function isInherited({ names, database }: TenantObservation): boolean {
  if (!database.isHealthy) return false;
  return Object.entries(names.inheritedSettings).every(([key, value]) =>
    isDeepStrictEqual(database.settings[key], value),
  );
}

function lastErrorOf({ record, problems }: TenantObservation): TenantStatus["lastError"] {
  if (record?.status === "provisioning_failed") {
    return { code: record.statusCode ?? "INTERNAL", message: record.statusReason ?? "" };
  }
  if (problems.length === 0) return null;
  const isAway = problems.some((problem) => denialIn(problem) === undefined);
  const message = problems.map(wordProblem).join("; ");
  return { code: isAway ? "E_UNREACHABLE" : "PROVISIONING_UNAVAILABLE", message };
}

/** `secret: …`: what a service says of a missing role, in our words. */
function wordProblem(problem: string): string {
  const denial = denialIn(problem);
  return denial === undefined ? problem : `${problem.split(": ", 1)[0]}: ${wordDenial(denial)}`;
}

function emptyToNull(text: string | undefined): string | null {
  return text === undefined || text === "" ? null : text;
}

import type { DesiredStatus } from "../tenant/desired.ts";
import type { TenantStatus } from "./tenantStatus.ts";

/** Something about a tenant that isn't as its entry and its state want it. */
export interface HealthProblem {
  readonly part: "status" | Exclude<keyof TenantStatus, "id" | "slug" | "status" | "lastError"> | "asked";
  /** What is and what was expected, in a few words; no secret. */
  readonly message: string;
}

/** Whether a tenant is as it should be: `tenantry health --json`. */
export interface TenantHealth {
  readonly slug: string;
  readonly status: TenantStatus["status"];
  readonly isHealthy: boolean;
  readonly problems: readonly HealthProblem[];
}

/** What has to be so for a record in a state, beside its data: a suspended tenant is not to be served. */
const SERVED: Readonly<Partial<Record<TenantStatus["status"], boolean>>> = {
  active: true,
  suspended: false,
  deleted: false,
};

/**
 * Judges a status against what the entry wants. Pure. A tenant that is wanted `deleted` and has no record is well: it is gone. One
 * on the way between two states isn't, whatever its parts say.
 */
export function healthOf(status: TenantStatus, wanted: DesiredStatus): TenantHealth {
  const { slug } = status;
  const isGone = status.status === "none" && wanted === "deleted";
  const problems = isGone ? [] : [...stateProblems(status, wanted), ...partProblems(status)];
  return { slug, status: status.status, isHealthy: problems.length === 0, problems };
}

function stateProblems({ status, lastError }: TenantStatus, wanted: DesiredStatus): HealthProblem[] {
  const why = lastError === null ? "" : ` (${lastError.code}: ${lastError.message})`;
  if (status !== wanted)
    return [{ part: "status", message: `'${status}', the entry says '${wanted}'${why}` }];
  return lastError === null ? [] : [{ part: "asked", message: `${lastError.code}: ${lastError.message}` }];
}

function partProblems(tenant: TenantStatus): HealthProblem[] {
  const isServed = SERVED[tenant.status];
  if (isServed === undefined) return [];
  const { database, secret, dns, cdn, admin, organization, settings } = tenant;
  const facts: readonly (readonly [HealthProblem["part"], boolean, string])[] = [
    ["database", database.provisioned, `'${database.name}' is not there`],
    ["database", !database.provisioned || database.healthy, `'${database.name}' doesn't answer`],
    ["secret", secret.exists, `'${secret.name}' is not there`],
    ["dns", dns.resolves, `'${dns.host}' doesn't resolve`],
    [
      "cdn",
      cdn.serving === isServed,
      `'${cdn.host}' ${isServed ? "isn't served" : "is served all the same"}`,
    ],
    ["admin", admin.seeded || !database.healthy, "not seeded"],
    ["organization", organization.created, "not created"],
    ["settings", settings.inherited || !database.healthy, "those of environment and plan don't stand in it"],
  ];
  return facts.flatMap(([part, isSo, message]) => (isSo ? [] : [{ part, message }]));
}

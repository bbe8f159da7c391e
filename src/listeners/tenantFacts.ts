import type { JsonValue, Setting } from "../tenant/desired.ts";
import type { TenantFacts } from "./defineListener.ts";

/** What a tenant's facts are made from: a record, or a resource's inputs. */
export interface FactSource {
  readonly id: string;
  readonly slug: string;
  readonly displayName: string | null;
  readonly legalName?: string | null;
  readonly hosts: readonly string[];
  readonly plan: string | null;
  readonly settings: Readonly<Record<string, Setting>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: string;
}

/** What listeners are told of a tenant, and nothing else of it. Pure. */
export function factsOf(source: FactSource): TenantFacts {
  const { id, slug, displayName, legalName, hosts, plan, settings, labels, status } = source;
  const values = Object.entries(settings).map(([key, { value }]) => [key, value]);
  return {
    ...{ id, slug, hosts, labels, status },
    displayName: displayName ?? "",
    plan: plan ?? "",
    settings: Object.fromEntries(values),
    ...(legalName === undefined || legalName === null ? {} : { legalName }),
  };
}

/** The arguments of one call, as master keeps them: the tenant, or how it was and how it is. Pure. */
export function callFacts(...tenants: readonly TenantFacts[]): JsonValue {
  return tenants as unknown as JsonValue;
}

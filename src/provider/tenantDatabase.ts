import type { TenantContext } from "../hooks/index.ts";
import { PostgresError } from "../postgres/index.ts";
import type { DatabaseAddress, TenantKey } from "../tenant/resources.ts";
import type { Run } from "./run.ts";

/** Runs a hook's body inside a tenant's database, as the server's admin who acts as the tenant's role. */
export function inTenantDatabase<T>(
  place: TenantKey & DatabaseAddress,
  run: Run,
  body: (context: TenantContext) => Promise<T>,
): Promise<T> {
  return run.access.withDatabase(place, (client) => body({ slug: place.slug, client, role: place.role }));
}

/** The same for a read: undefined when there is no such database, or only the ruin of one. */
export async function lookInTenantDatabase<T>(
  place: TenantKey & DatabaseAddress,
  run: Run,
  body: (context: TenantContext) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await inTenantDatabase(place, run, body);
  } catch (error) {
    if (error instanceof PostgresError && ABSENT.includes(error.problem)) return undefined;
    throw error;
  }
}

const ABSENT: readonly PostgresError["problem"][] = ["missing", "interrupted-drop"];

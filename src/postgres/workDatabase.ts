/** What a database that only lives for a moment is for. */
export type WorkPurpose = "new" | "check" | "restore";

const PURPOSES: readonly WorkPurpose[] = ["new", "check", "restore"];

/** Name of a database that holds a tenant's id: a leftover of a killed run is that tenant's by its name. At most 49 bytes. */
export function workDatabaseName(purpose: WorkPurpose, tenantId: string): string {
  return `tenantry_${purpose}_${tenantId.replaceAll("-", "")}`;
}

/** Every such name of one tenant. */
export function workDatabaseNames(tenantId: string): readonly string[] {
  return PURPOSES.map((purpose) => workDatabaseName(purpose, tenantId));
}

/** What a database that only lives for a moment is for; `old` is one that another took the place of, kept for a while. */
export type WorkPurpose = "new" | "check" | "restore" | "old" | "move" | "moved";

const PURPOSES: readonly WorkPurpose[] = ["new", "check", "restore", "old", "move", "moved"];

/** Name of a database that holds a tenant's id: a leftover of a killed run is that tenant's by its name. At most 49 bytes. */
export function workDatabaseName(purpose: WorkPurpose, tenantId: string): string {
  return `tenantry_${purpose}_${tenantId.replaceAll("-", "")}`;
}

/** Every such name of one tenant. */
export function workDatabaseNames(tenantId: string): readonly string[] {
  return PURPOSES.map((purpose) => workDatabaseName(purpose, tenantId));
}

/** Phases of a provisioning, in order (PRODUCT.md): events of a run, and rows of `identity.tenant_phase`. */
export const PHASES = [
  "placement_resolved",
  "state_checked",
  "secret_set",
  "database_created",
  "migrations_applied",
  "admin_seeded",
  "master_registered",
  "complete",
] as const;

export type Phase = (typeof PHASES)[number];

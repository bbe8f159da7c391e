export { type HealthProblem, healthOf, type TenantHealth } from "./healthOf.ts";
export type { TenantNames, TenantObservation, TenantSources } from "./observation.ts";
export { type Observer, openObserver } from "./observe.ts";
export { statusOf } from "./statusOf.ts";
export { namesOf } from "./tenantNames.ts";
export type { TenantStatus } from "./tenantStatus.ts";

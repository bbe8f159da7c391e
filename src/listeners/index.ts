export { type Declaration, EVENTS, type EventName } from "./declaration.ts";
export type { TenantFacts } from "./defineListener.ts";
export { inspectListeners, type ListenerReport, loadListeners } from "./load.ts";
export { type Telling, type ToldCalls, tellListeners } from "./tell.ts";
export { callFacts, factsOf } from "./tenantFacts.ts";

export type { GateAnswer, Refusal, RefusalCode } from "./answer.ts";
export { type Gate, type GateOptions, openGate } from "./gate.ts";
export { createGateServer, type GateServerOptions } from "./gateServer.ts";
export type { ReadMasterUrl } from "./masterLink.ts";
export { type MasterReaderPlace, masterReader } from "./masterReader.ts";
export { normalizeHost } from "./requestPlace.ts";
export type { GateLimits } from "./tenantCache.ts";
export type { GateTenant, RequestPlace } from "./tenantFound.ts";

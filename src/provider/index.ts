export type { ProviderOptions } from "./connection.ts";
export { type OpenProvider, openProvider } from "./inProcess.ts";
export { type ReadableResource, readById } from "./readById.ts";
export { type RunningProvider, serveProvider } from "./server.ts";

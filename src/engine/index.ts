export { createEmbeddedCommand, type EmbeddedOptions } from "./embeddedCommand.ts";
export { readJournaledFile } from "./journaledFile.ts";
export type { Provider, ProvidersOfProcess } from "./providers/provider.ts";
export type { ServicesOfProcess } from "./providers/serviceClient.ts";
export { finishCutOffRun } from "./stackFile.ts";

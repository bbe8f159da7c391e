export { createEmbeddedCommand, type EmbeddedOptions } from "./embeddedCommand.ts";
export type { Provider, ProvidersOfProcess } from "./providers/provider.ts";
export { finishCutOffRun } from "./stackFile.ts";
export { readStateFile } from "./stateFile.ts";

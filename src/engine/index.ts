export { createEmbeddedCommand, type EmbeddedOptions } from "./embeddedCommand.ts";
export { readJournaledFile } from "./journaledFile.ts";
export type { Provider, ProvidersOfProcess } from "./providers/provider.ts";
export { finishCutOffRun } from "./stackFile.ts";

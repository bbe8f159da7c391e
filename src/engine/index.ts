export { createEmbeddedCommand, type EmbeddedOptions } from "./embeddedCommand.ts";

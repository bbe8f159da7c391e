import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { engineDoc } from "./engineDoc.ts";

/** `npm run docs`: writes what the engine's tables say. */
const PATH = "docs/engine.md";

writeFileSync(resolve(import.meta.dirname, "../..", PATH), engineDoc());
process.stdout.write(`${PATH}\n`);

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { jsonSchemas } from "./jsonSchema.ts";

/** `npm run schema`: writes the editors' schemas from the validator. */
const ROOT = resolve(import.meta.dirname, "../..");

for (const [path, text] of Object.entries(jsonSchemas())) {
  const file = resolve(ROOT, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  process.stdout.write(`${path}\n`);
}

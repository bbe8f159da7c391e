import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_ROOT } from "./projectRoot.ts";
import { RESOURCE_TYPES } from "./resourceTypes.ts";

/** Version of the provider: the package's. */
export const VERSION: string = readPackage().version;

/** What `pulumi package get-schema` shows: the tokens that exist. Types of properties are in `tenant/resources.ts`. */
export function providerSchema(): object {
  const names = Object.keys(RESOURCE_TYPES);
  return {
    name: "tenantry",
    version: VERSION,
    description: "Tenants as code: records, placement, secrets, databases, migrations and registration.",
    resources: Object.fromEntries(names.map((name) => [`tenantry:index:${name}`, { type: "object" }])),
    functions: { "tenantry:index:getRecord": {} },
  };
}

function readPackage(): { version: string } {
  return JSON.parse(readFileSync(join(PROJECT_ROOT, "package.json"), "utf8")) as { version: string };
}

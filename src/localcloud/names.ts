import * as fs from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { LocalCloudError } from "./localCloudError.ts";
import type { EnvironmentNames } from "./service.ts";

/** The environment's one config file. */
export function configFileOf(root: string): string {
  return path.join(path.resolve(root), "stacks", "Pulumi.local.yaml");
}

/** The names that the local cloud must know, from the project's config of `local`. */
export async function readNames(root: string): Promise<EnvironmentNames> {
  const file = configFileOf(root);
  const document = parse(await readConfig(file)) as { config?: Record<string, unknown> } | null;
  const config = document?.config ?? {};
  const text = (key: string, member?: string) => {
    const value =
      member === undefined ? config[key] : (config[key] as Record<string, unknown> | undefined)?.[member];
    if (typeof value === "string" && value !== "") return value;
    const what = member === undefined ? key : `${key}.${member}`;
    throw new LocalCloudError(
      "E_NO_CONFIG",
      `${file} 'config.${what}': expected a text; got '${String(value)}'.`,
    );
  };
  return {
    platformVault: text("tenantry:vaults", "platform"),
    tenantsVault: text("tenantry:vaults", "tenants"),
    zone: text("tenantry:zone"),
    originHost: text("tenantry:frontDoor", "originHost"),
  };
}

async function readConfig(file: string): Promise<string> {
  try {
    return await fs.readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    const hint = "Run from the project's folder.";
    throw new LocalCloudError(
      "E_NO_CONFIG",
      `'${file}' is missing: it names the local cloud's vaults and zone.`,
      { hint, cause },
    );
  }
}

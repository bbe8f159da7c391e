import { join } from "node:path";
import { readIfPresent } from "./durableFile.ts";
import { EngineError, refuse } from "./errors.ts";
import { type Project, parseYaml } from "./project.ts";

/** One config value; objects and secrets inside them as JSON text. */
export interface ConfigValue {
  readonly value: string;
  readonly secret: boolean;
  readonly isObject: boolean;
}

/** A stack's config file. */
export interface StackConfig {
  readonly path: string;
  readonly exists: boolean;
  readonly salt: string | undefined;
  /** Values by `namespace:key`, secrets still encrypted. */
  readonly raw: ReadonlyMap<string, unknown>;
}

interface ConfigYaml {
  encryptionsalt?: string;
  secretsprovider?: string;
  environment?: unknown;
  config?: Record<string, unknown>;
}

/** Reads the file given by `--config-file` or its variable, else `Pulumi.<stack>.yaml`; never writes one. */
export async function loadConfig(
  project: Project,
  stack: string,
  file: string | undefined,
): Promise<StackConfig> {
  const path = file ?? join(project.root, `Pulumi.${stack}.yaml`);
  const text = await readIfPresent(path);
  if (text === undefined && file !== undefined)
    throw new EngineError(`the config file '${file}' does not exist`);
  const yaml = (text === undefined ? {} : parseYaml(text, path)) as ConfigYaml;
  refuseUnsupported(yaml, path);
  const merged = new Map<string, unknown>();
  for (const [key, value] of project.defaults)
    if (value !== undefined) merged.set(qualify(key, project), value);
  for (const [key, value] of Object.entries(yaml.config ?? {})) merged.set(qualify(key, project), value);
  return { path, exists: text !== undefined, salt: yaml.encryptionsalt, raw: merged };
}

function refuseUnsupported(yaml: ConfigYaml, path: string): void {
  if (yaml.environment !== undefined) throw refuse(`'environment' in '${path}'`);
  const isPassphrase = yaml.secretsprovider === undefined || yaml.secretsprovider === "passphrase";
  if (!isPassphrase) throw refuse(`the secrets provider '${yaml.secretsprovider}' in '${path}'`);
}

/** `key` is the project's own; `namespace:key` stays; the old form `namespace:config:key` is shortened. */
function qualify(key: string, project: Project): string {
  const parts = key.split(":");
  if (parts.length === 1) return `${project.name}:${key}`;
  return parts.length === 3 && parts[1] === "config" ? `${parts[0]}:${parts[2]}` : key;
}

/** Whether any value is encrypted, so that a key must be derived. */
export function hasSecretConfig(config: StackConfig): boolean {
  return [...config.raw.values()].some(holdsSecret);
}

/** Whether any part of a value is encrypted. */
export function holdsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return isSecure(value) || Object.values(value).some(holdsSecret);
}

/** `{secure: <ciphertext>}` and nothing else: a secret. */
export function isSecure(value: unknown): value is { secure: string } {
  if (typeof value !== "object" || value === null) return false;
  return typeof (value as { secure?: unknown }).secure === "string" && Object.keys(value).length === 1;
}

/** What opens ciphertexts, or hides them. */
export interface Decrypter {
  decrypt(ciphertext: string): string;
}

/** All values in clear; `crypter` is needed when any is encrypted. */
export function resolveConfig(
  config: StackConfig,
  crypter: Decrypter | undefined,
): ReadonlyMap<string, ConfigValue> {
  const entries = [...config.raw].map(([key, value]) => [key, resolveValue(key, value, crypter)] as const);
  return new Map(entries);
}

/** One value in clear. */
export function resolveValue(key: string, value: unknown, crypter: Decrypter | undefined): ConfigValue {
  const secret = holdsSecret(value);
  const plain = secret ? reveal(key, value, crypter) : value;
  const isObject = typeof plain === "object" && plain !== null && !(plain instanceof Date);
  return { value: isObject ? sortedJson(plain) : String(plain ?? ""), secret, isObject };
}

/** JSON with the keys of maps sorted, as the official CLI hands config out. */
function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function reveal(key: string, value: unknown, crypter: Decrypter | undefined): unknown {
  if (isSecure(value)) {
    if (crypter === undefined)
      throw new EngineError(`the config value '${key}' is encrypted but there is no salt`);
    return crypter.decrypt(value.secure);
  }
  if (Array.isArray(value)) return value.map((element) => reveal(key, element, crypter));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, reveal(key, part, crypter)]));
}

import { join } from "node:path";
import { type CommandContext, configFileOf, passphraseOf, type StackContext } from "./commandContext.ts";
import { ConfigFile } from "./configFile.ts";
import { type ConfigKey, coerced, parseConfigKey, withoutValueAt, withValueAt } from "./configPath.ts";
import { newSalt } from "./crypter.ts";
import { misuse, refuse } from "./errors.ts";
import { readStack } from "./stackFile.ts";

/** One value to be set; a secret's `value` is its plain text. */
export interface ConfigSetting {
  readonly key: ConfigKey;
  readonly value: unknown;
  readonly secret: boolean;
}

/** Edits a stack's config file: all settings or, when one can't be made, none. */
export class ConfigEditor {
  readonly #context: CommandContext;
  readonly #stack: StackContext;
  readonly #file: ConfigFile;

  /** Where the file lies. */
  get path(): string {
    return this.#file.path;
  }

  private constructor(context: CommandContext, stack: StackContext, file: ConfigFile) {
    this.#context = context;
    this.#stack = stack;
    this.#file = file;
  }

  /** Throws when there is no such stack. */
  static async open(context: CommandContext, stack: StackContext): Promise<ConfigEditor> {
    const { project, id } = stack;
    await readStack(stack);
    const path = configFileOf(context) ?? join(project.root, `Pulumi.${id.stack}.yaml`);
    return new ConfigEditor(context, stack, await ConfigFile.open(path, project.name));
  }

  async set(settings: readonly ConfigSetting[]): Promise<void> {
    const encrypt = settings.some(({ secret }) => secret) ? await this.#encrypter() : undefined;
    for (const { key, value, secret } of settings) {
      const stored = secret && encrypt !== undefined ? { secure: encrypt(String(value)) } : value;
      const old = this.#file.get(key.entry);
      this.#file.set(key.entry, key.path.length === 0 ? stored : withValueAt(old, key, stored));
    }
    await this.#file.save();
  }

  /** What isn't there needs no removal. */
  async remove(keys: readonly ConfigKey[]): Promise<void> {
    for (const { entry, path } of keys) {
      const old = this.#file.get(entry);
      const left = path.length === 0 ? undefined : withoutValueAt(old, path);
      if (old !== undefined && left !== old) this.#file.set(entry, left);
    }
    await this.#file.save();
  }

  /** Seals with the file's salt; a file without one gets the stack's, or a new one. */
  async #encrypter(): Promise<(text: string) => string> {
    const provider = this.#file.secretsProvider;
    if (!["", "default", "passphrase"].includes(provider))
      throw refuse(`the secrets provider '${provider}' in '${this.#file.path}'`);
    const passphrase = (await passphraseOf(this.#context.environment))();
    const known = this.#file.salt;
    const salt = known ?? (await this.#saltOfStack()) ?? (await newSalt(passphrase));
    const crypter = await this.#context.crypters.get(salt, passphrase);
    if (known === undefined) this.#file.setSalt(salt);
    return (text) => crypter.encrypt(text);
  }

  /**
   * Makes the file say what `config` was in a run: entries as a history file has them, secrets sealed with the stack's
   * salt.
   */
  async restore(config: Readonly<Record<string, unknown>>): Promise<void> {
    const salt = await this.#saltOfStack();
    if (salt !== undefined && salt !== this.#file.salt) this.#file.setSalt(salt);
    for (const key of this.#file.keys) if (!Object.hasOwn(config, key)) this.#file.set(key, undefined);
    for (const [key, value] of Object.entries(config)) this.#file.set(key, valueOfHistory(value));
    await this.#file.save();
  }

  async #saltOfStack(): Promise<string | undefined> {
    const { deployment } = await readStack(this.#stack);
    const provider = deployment.secrets_providers;
    return provider?.type === "passphrase" ? provider.state.salt : undefined;
  }
}

/** Objects are JSON in a history file. */
function valueOfHistory(value: unknown): unknown {
  const { object } = (value ?? {}) as { readonly object?: unknown };
  return typeof object === "string" ? (JSON.parse(object) as unknown) : value;
}

/** `key=value`; a key in quotes may hold a `=` itself. */
export function parseSetting(pair: string, isPath: boolean, secret: boolean, project: string): ConfigSetting {
  const [, quote] = /^(["'])/.exec(pair) ?? [];
  const separator = `${quote ?? ""}=`;
  const start = quote === undefined ? 0 : 1;
  const end = pair.indexOf(separator, start);
  if (end === -1) throw misuse("config value must be in the form [key]=[value]");
  const key = parseConfigKey(pair.slice(start, end), isPath, project);
  const text = pair.slice(end + separator.length);
  return { key, value: key.path.length > 0 && !secret ? coerced(text) : text, secret };
}

/** Stores what `--config key=value` says before the run that it is for. */
export async function saveConfigFlags(context: CommandContext, stack: StackContext): Promise<void> {
  const { flags, lists } = context.invocation;
  const pairs = lists.get("--config") ?? [];
  if (pairs.length === 0) return;
  const isPath = flags.has("--config-path");
  const settings = pairs.map((pair) => parseSetting(pair, isPath, false, stack.project.name));
  await (await ConfigEditor.open(context, stack)).set(settings);
}

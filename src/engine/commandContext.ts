import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { Invocation } from "./args.ts";
import { FileBackend, type StackId } from "./backend.ts";
import type { CrypterCache } from "./crypter.ts";
import { EngineError } from "./errors.ts";
import { loadProject, type Project } from "./project.ts";
import type { ProvidersOfProcess } from "./providers/provider.ts";
import type { ServicesOfProcess } from "./providers/serviceClient.ts";

/** What a command has at hand: its line, its environment and where its output goes. */
export interface CommandContext {
  readonly invocation: Invocation;
  readonly cwd: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly crypters: CrypterCache;
  readonly onPoint: (point: string) => void;
  readonly providers: ProvidersOfProcess;
  readonly services: ServicesOfProcess;
  readonly signal: AbortSignal | undefined;
  /** What is piped in; read by the commands that take a value from there. */
  readonly stdin: () => StandardInput;
  out(text: string): void;
  err(text: string): void;
}

/** Standard input: a terminal has nothing to read for us. */
export interface StandardInput extends AsyncIterable<string | Uint8Array> {
  readonly isTTY?: boolean;
}

/** All of standard input; undefined when it is a terminal. */
export async function readStdin({ stdin }: CommandContext): Promise<string | undefined> {
  const input = stdin();
  if (input.isTTY === true) return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of input) parts.push(Buffer.from(part));
  return Buffer.concat(parts).toString("utf8");
}

/** A stack that a command works on. */
export interface StackContext {
  readonly project: Project;
  readonly backend: FileBackend;
  readonly id: StackId;
}

/** The backend of PULUMI_BACKEND_URL or of the project file. */
export function backendOf(context: CommandContext, project: Project | undefined): FileBackend {
  const url = context.environment.PULUMI_BACKEND_URL || project?.backendUrl;
  if (!url) {
    throw new EngineError(
      "no backend: set PULUMI_BACKEND_URL to 'file://<folder>', or 'backend.url' in Pulumi.yaml",
    );
  }
  return new FileBackend(url, context.cwd);
}

/** The project, backend and stack that a command names. */
export async function stackContext(
  context: CommandContext,
  name = stackFlag(context),
): Promise<StackContext> {
  const project = await loadProject(context.cwd);
  return { project, backend: backendOf(context, project), id: stackId(name, project.name) };
}

/** Commands whose argument is the stack's name. */
const NAMING_COMMANDS: readonly string[] = ["cancel", "stack init", "stack select", "stack rm"];

/** The config file that a command line or its variable names, if one does. */
export function configFileOf({ invocation, environment, cwd }: CommandContext): string | undefined {
  const file = invocation.flags.get("--config-file") ?? (environment.PULUMI_OPTION_CONFIG_FILE || undefined);
  return file === undefined ? undefined : resolve(cwd, file);
}

function stackFlag(context: CommandContext): string {
  const { flags, positional, command } = context.invocation;
  const name = flags.get("--stack") ?? (NAMING_COMMANDS.includes(command) ? positional[0] : undefined);
  if (name === undefined) throw new EngineError("no stack selected; name one with `--stack`");
  return name;
}

/** `<stack>`, `organization/<stack>` or `organization/<project>/<stack>`. */
export function stackId(name: string, project: string): StackId {
  const parts = name.split("/");
  const stack = parts.at(-1) ?? "";
  if (parts.length > 3 || !/^[A-Za-z0-9_.-]{1,100}$/.test(stack)) {
    throw new EngineError(`'${name}' is not a stack name: at most 100 letters, digits, '_', '.' and '-'`);
  }
  if (parts.length > 1 && parts[0] !== "organization") {
    throw new EngineError(`'${name}': the organization of a file backend is 'organization'`);
  }
  return { project: parts.length === 3 ? (parts[1] ?? "") : project, stack };
}

/** The passphrase of PULUMI_CONFIG_PASSPHRASE or of the file that PULUMI_CONFIG_PASSPHRASE_FILE names. */
export async function passphraseOf(environment: NodeJS.ProcessEnv): Promise<() => string> {
  const file = environment.PULUMI_CONFIG_PASSPHRASE_FILE;
  const value =
    environment.PULUMI_CONFIG_PASSPHRASE ?? (file ? (await readFile(file, "utf8")).trim() : undefined);
  return () => {
    if (value !== undefined) return value;
    throw new EngineError(
      "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
    );
  };
}

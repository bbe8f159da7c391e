import { resolve } from "node:path";
import * as commandModule from "@pulumi/pulumi/automation/cmd.js";
import * as errorsModule from "@pulumi/pulumi/automation/errors.js";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { SemVer } from "semver";
import { parseArgs } from "./args.ts";
import { MANIFEST_VERSION } from "./checkpoint.ts";
import type { StandardInput } from "./commandContext.ts";
import { ACTIONS } from "./commands/index.ts";
import { CrypterCache } from "./crypter.ts";
import { EngineError, FAILED_EXIT_CODE, messageOf } from "./errors.ts";
import { boundHeapOfMany } from "./heapGrowth.ts";
import type { ProvidersOfProcess } from "./providers/provider.ts";
import type { ServicesOfProcess } from "./providers/serviceClient.ts";

export interface EmbeddedOptions {
  /** Called at each named moment of a run, such as `create:<type>:<name>:before` or `state:3:after`. */
  readonly onPoint?: (point: string) => void;
  /** Folder, its user's alone, that keeps the keys derived from a passphrase which is no secret. Default: none are kept. */
  readonly keyFolder?: string;
  /** Providers of this process by package; each call makes one instance. Other packages' are plugins. */
  readonly providers?: ProvidersOfProcess;
  /** The same for providers that are gRPC services: called in this process, without a server. */
  readonly services?: ServicesOfProcess;
  /** Where commands read what is piped in. Default: this process's standard input. */
  readonly stdin?: StandardInput;
}

interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Parts of the Automation API that its types keep internal. */
const { CommandResult: Result } = commandModule as unknown as {
  CommandResult: new (stdout: string, stderr: string, code: number, error?: Error) => CommandResult;
};
const { createCommandError } = errorsModule as unknown as {
  createCommandError: (result: CommandResult) => Error;
};

type Sink = (text: string) => void;

/** Does in this process what the Automation API asks of the `pulumi` executable. */
class EmbeddedCommand {
  readonly command = "pulumi";
  readonly version = new SemVer(MANIFEST_VERSION);
  readonly #onPoint: (point: string) => void;
  readonly #crypters: CrypterCache;
  readonly #providers: ProvidersOfProcess;
  readonly #services: ServicesOfProcess;
  readonly #stdin: () => StandardInput;

  constructor({ onPoint, keyFolder, providers, services, stdin }: EmbeddedOptions) {
    this.#stdin = () => stdin ?? process.stdin;
    this.#crypters = new CrypterCache(keyFolder);
    this.#providers = providers ?? {};
    this.#services = services ?? {};
    this.#onPoint = onPoint ?? (() => undefined);
  }

  /** Runs one command line; resolves with its output, rejects with the Automation API's errors. */
  async run(
    args: readonly string[],
    cwd: string,
    additionalEnv: Readonly<Record<string, string>>,
    onOutput?: Sink,
    onError?: Sink,
    signal?: AbortSignal,
  ): Promise<CommandResult> {
    boundHeapOfMany();
    const [stdout, stderr]: [string[], string[]] = [[], []];
    const out = tee(stdout, onOutput);
    const err = tee(stderr, onError);
    const code = await this.#execute(args, cwd, additionalEnv, signal, out, err);
    const result = new Result(stdout.join(""), stderr.join(""), code);
    if (code !== 0) throw createCommandError(result);
    return result;
  }

  /** What every command of this process shares. */
  get #own() {
    return {
      crypters: this.#crypters,
      onPoint: this.#onPoint,
      providers: this.#providers,
      services: this.#services,
    };
  }

  async #execute(
    args: readonly string[],
    cwd: string,
    additionalEnv: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
    out: Sink,
    err: Sink,
  ): Promise<number> {
    try {
      const environment = { ...process.env, ...additionalEnv };
      const invocation = parseArgs(args, environment);
      const folder = resolve(cwd, invocation.flags.get("--cwd") ?? ".");
      const context = { invocation, cwd: folder, environment, signal, stdin: this.#stdin, out, err };
      await ACTIONS[invocation.command]?.({ ...context, ...this.#own });
      return 0;
    } catch (error) {
      err(`error: ${isExpected(error) ? messageOf(error) : ((error as Error).stack ?? messageOf(error))}\n`);
      return error instanceof EngineError ? error.exitCode : FAILED_EXIT_CODE;
    }
  }
}

/** Failures of the engine's own making and of the file system need no stack trace. */
function isExpected(error: unknown): boolean {
  return error instanceof EngineError || (error instanceof Error && "syscall" in error);
}

function tee(lines: string[], sink: Sink | undefined): Sink {
  return (text) => {
    lines.push(text);
    sink?.(text);
  };
}

/**
 * A `PulumiCommand` for the Automation API that runs in this process instead of starting the `pulumi`
 * executable; state and files are Pulumi's own. What it doesn't do it refuses by name, with exit code 2.
 */
export function createEmbeddedCommand(options: EmbeddedOptions = {}): PulumiCommand {
  return new EmbeddedCommand(options) as unknown as PulumiCommand;
}

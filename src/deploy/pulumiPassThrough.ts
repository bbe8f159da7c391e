import { spawn } from "node:child_process";
import grpc from "@grpc/grpc-js";
import { CommandError, type PulumiFn } from "@pulumi/pulumi/automation/index.js";
import * as automationServer from "@pulumi/pulumi/automation/server.js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { commandResultOf, runCommand } from "./commandRun.ts";
import type { CommandOutcome, DeployerOptions } from "./deployer.ts";
import type { EngineSetup } from "./engineSetup.ts";

/** Commands that run the program; the embedded engine has no language host of its own and is given ours. */
const PROGRAM_COMMANDS = new Set(["up", "update", "preview", "pre", "refresh", "destroy", "down"]);

/** The Automation API's language host, which the SDK keeps out of its types. */
const { LanguageServer } = automationServer as unknown as {
  readonly LanguageServer: new (
    program: PulumiFn,
  ) => grpc.UntypedServiceImplementation & {
    onPulumiExit(hasError: boolean): void;
  };
};

/** Exit code of a process that a signal ended, as shells count. */
const SIGNALLED = 128;

/** Runs a Pulumi command line in an environment; it prints where this process prints. */
export function passThrough(
  args: readonly string[],
  setup: EngineSetup,
  options: DeployerOptions,
): Promise<CommandOutcome> {
  return setup.officialPath === undefined
    ? runEmbedded(args, setup, options)
    : runOfficial(setup.officialPath, args, setup, options.root);
}

/** Its own process on this terminal, so that prompts and colours work; Ctrl-C reaches both. */
function runOfficial(
  path: string,
  args: readonly string[],
  { variables }: EngineSetup,
  cwd: string,
): Promise<CommandOutcome> {
  const child = spawn(path, args, { cwd, stdio: "inherit", env: { ...process.env, ...variables } });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ exitCode: code ?? SIGNALLED }));
  });
}

async function runEmbedded(
  args: readonly string[],
  { command, variables }: EngineSetup,
  { root, program, signal }: DeployerOptions,
): Promise<CommandOutcome> {
  const [verb = ""] = args;
  const needsProgram = PROGRAM_COMMANDS.has(verb) && !args.some((arg) => arg.startsWith("--client"));
  const run = (more: readonly string[]) =>
    runCommand(command, [...args, ...more], root, variables, {
      onOutput: (text) => void process.stdout.write(text),
      onError: (text) => void process.stderr.write(text),
      ...(signal === undefined ? {} : { signal }),
    });
  try {
    const { code } = needsProgram
      ? await withLanguageHost(program, (port) => run([`--client=127.0.0.1:${port}`]))
      : await run([]);
    return { exitCode: code };
  } catch (error) {
    if (error instanceof CommandError) return { exitCode: commandResultOf(error).code };
    throw error;
  }
}

async function withLanguageHost<Answer>(
  program: PulumiFn,
  use: (port: number) => Promise<Answer>,
): Promise<Answer> {
  const server = new grpc.Server();
  const host = new LanguageServer(program);
  server.addService(languageGrpc.LanguageRuntimeService, host);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  try {
    const answer = await use(port);
    host.onPulumiExit(false);
    return answer;
  } catch (error) {
    host.onPulumiExit(true);
    throw error;
  } finally {
    server.forceShutdown();
  }
}

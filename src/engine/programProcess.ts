import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ConfigValue } from "./config.ts";
import { EngineError, messageOf } from "./errors.ts";
import { findOnPath } from "./executables.ts";
import { type NodeOptions, nodeOptions } from "./nodeOptions.ts";
import type { RunningProgram } from "./program.ts";
import type { Project } from "./project.ts";
import { startWatched, type WatchedProcess } from "./watchedProcess.ts";

/** Runs a program; part of the SDK that the program uses. */
const RUN_MODULE = "@pulumi/pulumi/cmd/run";

/** Exit code of a program whose error the user has read already. */
const TOLD_EXIT_CODE = 32;

/** What Node prints when its memory is used up. */
const OUT_OF_MEMORY = "<--- Last few GCs --->";
const OUT_OF_MEMORY_HINT =
  "Detected a possible out of memory error. Consider increasing the memory available to the nodejs process by setting the `nodeargs` runtime option in Pulumi.yaml to `nodeargs: --max-old-space-size=<size>` where `<size>` is the maximum memory in megabytes that can be allocated to nodejs.";

/** How a project's own program is run. */
export interface ProgramProcessRun {
  readonly project: Project;
  /** Address of the engine and of its resource monitor. */
  readonly engineAddress: string;
  readonly stack: string;
  readonly preview: boolean;
  readonly parallel: number;
  readonly config: ReadonlyMap<string, ConfigValue>;
  readonly environment: NodeJS.ProcessEnv;
  /** Gets each line that the program prints, those of its stderr with `isError`. */
  readonly print: (line: string, isError: boolean) => void;
}

/**
 * Runs the project's program in a process of its own, with the arguments and the environment that the official Node
 * language host gives it. Throws when the program can't be started and names what this engine doesn't run.
 */
export async function startProgram(run: ProgramProcessRun): Promise<RunningProgram> {
  const { project, environment } = run;
  const options = nodeOptions(project);
  const node = await findOnPath("node", environment);
  if (node === undefined) throw new EngineError("could not find node on the $PATH");
  const args = [...options.nodeArgs, runModuleOf(project), ...argumentsOf(run)];
  const env = { ...environment, ...variablesOf(run.config, options) };
  const child = startWatched(node, args, { cwd: project.programFolder, env });
  const kill = (): void => void child.stdin.destroy();
  child.stdin.on("error", () => kill());
  return { ended: endOf(child, run.print).finally(kill), cancel: kill };
}

/** The SDK that the program itself finds. */
function runModuleOf({ programFolder, entryPoint }: Project): string {
  if (!existsSync(join(programFolder, entryPoint))) {
    throw new EngineError(`project 'main' could not be read: '${programFolder}' does not exist`);
  }
  try {
    return createRequire(join(programFolder, "program.js")).resolve(RUN_MODULE);
  } catch (error) {
    throw new EngineError(
      `the Pulumi SDK is not installed for the program in '${programFolder}': ${messageOf(error).split("\n")[0]}`,
    );
  }
}

function argumentsOf({ project, engineAddress, stack, preview, parallel }: ProgramProcessRun): string[] {
  return [
    ...["--monitor", engineAddress, "--engine", engineAddress],
    ...["--organization", "organization", "--project", project.name, "--root-directory", project.root],
    ...["--stack", stack, "--pwd", project.programFolder],
    ...(preview ? ["--dry-run"] : []),
    ...["--parallel", String(parallel), project.entryPoint],
  ];
}

/** Config travels in the environment, its keys in the old form `<namespace>:config:<name>`. */
function variablesOf(
  config: ReadonlyMap<string, ConfigValue>,
  { isTypeScript, tsconfig }: NodeOptions,
): Readonly<Record<string, string>> {
  const values = [...config].map(([key, { value }]) => [key.replace(":", ":config:"), value] as const);
  const secretKeys = [...config].filter(([, { secret }]) => secret).map(([key]) => key);
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(values)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
    ...(isTypeScript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
    ...(tsconfig === undefined ? {} : { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
  };
}

/** Resolves, when the program has ended and all it printed is told, with the text of its failure. */
function endOf(child: WatchedProcess, print: ProgramProcessRun["print"]): Promise<string | undefined> {
  let isOutOfMemory = false;
  const tell = (line: string, isError: boolean): void => {
    if (isError) isOutOfMemory ||= line.includes(OUT_OF_MEMORY);
    if (line.trim() !== "") print(line, isError);
  };
  createInterface({ input: child.stdout }).on("line", (line) => tell(line, false));
  createInterface({ input: child.stderr }).on("line", (line) => tell(line, true));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(`Problem executing program: ${error.message}`));
    // What the program left running holds its output open: it ends with the program.
    child.once("exit", () => child.stdin.destroy());
    child.once("close", (code) => resolve(failureOf(code, isOutOfMemory)));
  });
}

function failureOf(code: number | null, isOutOfMemory: boolean): string | undefined {
  if (code === 0) return undefined;
  if (code === TOLD_EXIT_CODE) return "the program failed";
  const failure = `an unhandled error occurred: Program exited with non-zero exit code: ${code ?? -1}`;
  return isOutOfMemory ? `${failure}. ${OUT_OF_MEMORY_HINT}` : failure;
}

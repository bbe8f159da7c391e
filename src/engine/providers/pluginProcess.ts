import { createInterface } from "node:readline";
import { EngineError } from "../errors.ts";
import { startWatched, type WatchedProcess } from "../watchedProcess.ts";

/** How long a plugin may take to print its port. */
const START_TIMEOUT_MS = 60_000;

/** A plugin that runs as a child of the engine. */
export interface PluginProcess {
  readonly port: number;
  close(): void;
}

/** Starts a plugin's executable and waits for the port it prints first. */
export async function startPlugin(
  executable: string,
  engineAddress: string,
  cwd: string,
  environment: NodeJS.ProcessEnv,
  report: (line: string) => void,
): Promise<PluginProcess> {
  const child = startWatched(executable, [engineAddress], { cwd, env: environment });
  child.stdin.on("error", (error) => report(`${executable}: ${error.message}`));
  createInterface({ input: child.stderr }).on("line", report);
  const close = (): void => {
    child.stdin.destroy();
  };
  try {
    return { port: await readPort(child, executable, report), close };
  } catch (error) {
    close();
    throw error;
  }
}

function readPort(
  child: WatchedProcess,
  executable: string,
  report: (line: string) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (reason: string): void =>
      reject(new EngineError(`the plugin '${executable}' did not start: ${reason}`));
    const timer = setTimeout(
      () => fail(`it printed no port within ${START_TIMEOUT_MS / 1000} s`),
      START_TIMEOUT_MS,
    );
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, signal) => fail(`it ended with ${signal ?? `code ${code}`}`));
    createInterface({ input: child.stdout }).on("line", (line) => {
      clearTimeout(timer);
      const port = Number(line.trim());
      if (Number.isInteger(port) && port > 0) resolve(port);
      else report(line);
    });
  });
}

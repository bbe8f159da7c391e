import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath, pathToFileURL } from "node:url";
import { commandEnvironment } from "../tenant/commandEnvironment.ts";
import type { ChildAnswer, ChildRequest } from "./messages.ts";

/** Start of Node.js and reading of the user's module, on a busy machine. */
const LOAD_MS = 30_000;
/** Between the abort signal and the kill. */
const GRACE_MS = 1_000;
/** Lines of one call that are shown, and characters of a line. */
const MAX_LINES = 100;
const MAX_LINE = 500;
/** Characters of standard error that explain how a process ended. */
const TAIL = 2_000;

/** Found from here: the user's folder needn't be the checkout in a test. */
const LOADER = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
const MAIN = join(dirname(fileURLToPath(import.meta.url)), "childMain.ts");

/**
 * Runs $@ in a group of its own with a watchdog that kills the group once descriptor 3 is closed: when the process has
 * ended, with whatever it started, and also when ours is killed.
 */
const WATCHED = '(exec 4>&- >/dev/null 2>&1; cat <&3; kill -KILL 0) & exec 3<&-; exec "$@"';

/** What a child process is run with. */
export interface ChildOptions {
  /** Working folder: the project's root. */
  readonly root: string;
  /** Time for the user's function once its module is read. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Lines that the user's code logged or printed, not redacted. */
  onLine(line: string): void;
}

/** How a process ended: its last answer, or `failed` where it gave none. */
export type Ending = Exclude<ChildAnswer, { kind: "begun" | "log" }>;

/** Runs one request in a process of its own; never rejects, and nothing of it is left when it resolves. */
export async function runChild(request: ChildRequest, options: ChildOptions): Promise<Ending> {
  const { root } = options;
  const command = [process.execPath, `--import=${LOADER}`, MAIN];
  const child = spawn("/bin/sh", ["-c", WATCHED, "sh", ...command], {
    detached: true,
    cwd: root,
    stdio: ["pipe", "pipe", "pipe", "pipe", "pipe"],
    env: commandEnvironment(process.env),
  });
  const run = new ChildRun(child, options);
  child.stdin?.on("error", () => run.kill("ended before it was asked"));
  child.stdin?.write(`${JSON.stringify(request)}\n`);
  return run.ending;
}

/** One process on its way: its clock, its lines and its end. */
class ChildRun {
  readonly ending: Promise<Ending>;
  readonly #child: ChildProcess;
  readonly #options: ChildOptions;
  #last: Ending | undefined;
  #killedBecause: string | undefined;
  #timer: NodeJS.Timeout;
  #lines = 0;
  #errors = "";

  constructor(child: ChildProcess, options: ChildOptions) {
    this.#child = child;
    this.#options = options;
    const interrupt = () => this.kill("was interrupted");
    options.signal.addEventListener("abort", interrupt, { once: true });
    if (options.signal.aborted) interrupt();
    this.#timer = setTimeout(() => this.kill(`wasn't read within ${LOAD_MS} ms`), LOAD_MS);
    this.#listen();
    this.ending = new Promise((resolve) => {
      child.on("error", (error) => resolve({ kind: "failed", error: error.message, stack: "" }));
      child.on("exit", () => this.#cutLifeline());
      child.on("close", (code, signal) => resolve(this.#endingOf(code, signal)));
    });
    this.ending.finally(() => {
      clearTimeout(this.#timer);
      options.signal.removeEventListener("abort", interrupt);
    });
  }

  kill(reason: string): void {
    this.#killedBecause ??= reason;
    this.#cutLifeline();
  }

  #cutLifeline(): void {
    this.#child.stdio[3]?.destroy();
  }

  #listen(): void {
    const { stdout, stderr, stdio } = this.#child;
    createInterface({ input: stdio[4] as Readable }).on("line", (line) => this.#take(JSON.parse(line)));
    if (stdout !== null) createInterface({ input: stdout }).on("line", (line) => this.#show(line));
    stderr?.on("data", (chunk: Buffer) => {
      this.#errors = (this.#errors + chunk.toString()).slice(-TAIL);
    });
  }

  #take(answer: ChildAnswer): void {
    if (answer.kind === "log") this.#show(answer.line);
    else if (answer.kind === "begun") this.#startClock();
    else this.#last = answer;
  }

  #startClock(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#abort(), this.#options.timeoutMs);
  }

  /** First in a way that the user's code can hear, then for good. */
  #abort(): void {
    const reason = `took more than ${this.#options.timeoutMs} ms`;
    this.#killedBecause = reason;
    this.#child.stdin?.write("abort\n");
    this.#timer = setTimeout(() => this.kill(reason), GRACE_MS);
  }

  #show(text: string): void {
    for (const line of text.split("\n")) {
      this.#lines += 1;
      if (this.#lines <= MAX_LINES) this.#options.onLine(line.slice(0, MAX_LINE));
      if (this.#lines === MAX_LINES + 1)
        this.#options.onLine(`(more than ${MAX_LINES} lines; the rest isn't shown)`);
    }
  }

  #endingOf(code: number | null, signal: NodeJS.Signals | null): Ending {
    const isDone = this.#last !== undefined && this.#last.kind !== "failed";
    if (this.#last !== undefined && (isDone || this.#killedBecause === undefined)) {
      if (this.#errors.trim() !== "") this.#show(this.#errors.trimEnd());
      return this.#last;
    }
    if (this.#killedBecause !== undefined) return { kind: "failed", error: this.#killedBecause, stack: "" };
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    return { kind: "failed", error: `${how} before it was done`, stack: crashLine(this.#errors) };
  }
}

/** The line of a crash report that says what was thrown; else its last. Pure. */
function crashLine(report: string): string {
  const lines = report.trim().split("\n");
  return lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines.at(-1) ?? "";
}

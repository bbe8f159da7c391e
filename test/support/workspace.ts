import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const REPOSITORY = resolve(import.meta.dirname, "../..");
/** What a checkout holds and a run reads. */
const COPIED = [
  "src",
  "bin",
  "stacks",
  "tenants",
  "plans",
  "migrations",
  "schema",
  "package.json",
  "Pulumi.yaml",
  "tsconfig.json",
];

/** PostgreSQL without fsync: what is killed here are runs, never the machine. */
export const FAST = { TENANTRY_LOCAL_FAST: "1" };

/** What one command line did. */
export interface CommandResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A checkout of its own in a temporary folder, with its own local cloud and state. */
export interface Workspace {
  readonly root: string;
  /** Runs `bin/tenantry` in a process of its own. */
  tenantry(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<CommandResult>;
  /** Starts it and answers at once. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
  read(path: string): string;
  write(path: string, text: string): void;
  remove(path: string): void;
  /** Stops the local cloud and deletes the folder. */
  dispose(): Promise<void>;
}

/** Copies the checkout; `tenants` keeps only the named entries (default: all). */
export function createWorkspace(): Workspace {
  const root = mkdtempSync(join(tmpdir(), "tenantry-test-"));
  for (const name of COPIED) cpSync(join(REPOSITORY, name), join(root, name), { recursive: true });
  symlinkSync(join(REPOSITORY, "node_modules"), join(root, "node_modules"));
  return openWorkspace(root);
}

/** A workspace that is there. */
export function openWorkspace(root: string): Workspace {
  const start: Workspace["start"] = (args, env = {}) =>
    spawn(process.execPath, [join(root, "bin/tenantry"), ...args], {
      cwd: root,
      env: { ...cleanEnvironment(), ...FAST, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  const tenantry: Workspace["tenantry"] = (args, env) => finished(start(args, env));
  return {
    root,
    start,
    tenantry,
    read: (path) => readFileSync(join(root, path), "utf8"),
    write: (path, text) => writeFileSync(join(root, path), text),
    remove: (path) => rmSync(join(root, path)),
    dispose: async () => {
      const stopped = await tenantry(["local", "reset"]);
      rmSync(root, { recursive: true, force: true });
      if (stopped.code !== 0) throw new Error(`local reset: ${stopped.stderr}`);
    },
  };
}

/** Resolves when the process has ended, with all it printed. */
export function finished(child: ChildProcess): Promise<CommandResult> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  return new Promise((resolveResult, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolveResult({ code, signal, stdout, stderr }));
  });
}

/** The machine's environment without what would steer Pulumi or tenantry. */
export function cleanEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PULUMI_|TENANTRY_|IDENTITY_|NODE_EXTRA|VITEST|FORCE_COLOR$|NO_COLOR$)/.test(name),
  );
  return Object.fromEntries(kept);
}

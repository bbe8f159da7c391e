import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { officialPath } from "../../src/deploy/index.ts";
import { enterCloud } from "../support/cloudContents.ts";
import type { Environment } from "../support/localClients.ts";
import {
  type CommandResult,
  cleanEnvironment,
  createWorkspace,
  finished,
  type Workspace,
} from "../support/workspace.ts";

/** Path of the official CLI; without one these tests are skipped. */
export const PULUMI = officialPath({ PATH: process.env.PATH });
/** Stands in the names of the skipped tests. */
export const WHY_SKIPPED = PULUMI === undefined ? " (skipped: no `pulumi` on PATH)" : "";

/** A workspace with its platform, and the official CLI as somebody uses it who has run `eval "$(bin/tenantry local env)"`. */
export interface OfficialBench {
  readonly workspace: Workspace;
  readonly cloud: Environment;
  /** Runs a bare `pulumi` to its end. */
  pulumi(args: readonly string[], variables?: Variables): Promise<CommandResult>;
  /** Starts a bare `pulumi`. */
  startPulumi(args: readonly string[], variables?: Variables): ChildProcess;
  /** Makes the stack and its first `pulumi up`. */
  bareUp(slug: string, variables?: Variables): Promise<CommandResult>;
  dispose(): Promise<void>;
}

type Variables = Readonly<Record<string, string>>;

/** Nothing of it asks the network; an `up` writes nothing outside of the workspace and a folder of its own. */
export async function openOfficialBench(): Promise<OfficialBench> {
  const workspace = createWorkspace();
  const home = mkdtempSync(join(tmpdir(), "tenantry-pulumi-home-"));
  const up = await workspace.tenantry(["up", "--platform"]);
  expect(up, up.stdout + up.stderr).toMatchObject({ code: 0 });
  const cloud = await enterCloud(workspace);
  const exported = await exportedVariables(workspace);
  const startPulumi: OfficialBench["startPulumi"] = (args, variables = {}) =>
    spawn(PULUMI ?? "", [...args], {
      cwd: workspace.root,
      env: { ...cleanEnvironment(), ...exported, ...QUIET, PULUMI_HOME: home, ...variables },
      stdio: ["ignore", "pipe", "pipe"],
    });
  const pulumi: OfficialBench["pulumi"] = (args, variables) => finished(startPulumi(args, variables));
  return {
    workspace,
    cloud,
    pulumi,
    startPulumi,
    bareUp: async (slug, variables) => {
      await pulumi(["stack", "init", `local.${slug}`]);
      return pulumi(upOf(slug), variables);
    },
    dispose: async () => {
      await workspace.dispose();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Runs a command line of a person's, to whom nothing of a local cloud was exported. */
export function runShell(cwd: string, command: string, variables: Variables): Promise<CommandResult> {
  const env = { ...cleanEnvironment(), ...QUIET, ...variables };
  return finished(spawn("sh", ["-ec", command], { cwd, env, stdio: ["ignore", "pipe", "pipe"] }));
}

/** Arguments of an `up` that asks nothing. */
export const upOf = (slug: string): string[] => ["up", "-s", `local.${slug}`, ...UNATTENDED];
export const destroyOf = (slug: string): string[] => ["destroy", "-s", `local.${slug}`, ...UNATTENDED];
export const previewOf = (slug: string): string[] => [
  ...["preview", "-s", `local.${slug}`, "--non-interactive", "--expect-no-changes"],
];

const UNATTENDED = ["--yes", "--skip-preview", "--non-interactive"];

const QUIET = {
  PULUMI_SKIP_UPDATE_CHECK: "true",
  PULUMI_API: "http://127.0.0.1:9",
  PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  PULUMI_DISABLE_REGISTRY_RESOLVE: "true",
};

/** What `eval "$(bin/tenantry local env)"` would export. */
async function exportedVariables(workspace: Workspace): Promise<Variables> {
  const { stdout } = await workspace.tenantry(["local", "env"]);
  const lines = stdout.matchAll(/^export (\w+)='(.*)'$/gm);
  return Object.fromEntries([...lines].map(([, name = "", value = ""]) => [name, value]));
}

/** Fails with everything that was printed. */
export function expectDone(run: CommandResult): void {
  expect(run, run.stdout + run.stderr).toMatchObject({ code: 0 });
}

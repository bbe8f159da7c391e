import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { rcompare } from "semver";
import { officialPath } from "../../src/deploy/index.ts";
import { cleanEnvironment } from "../support/workspace.ts";

/** An official provider plugin that this machine has. */
export interface FoundPlugin {
  readonly name: string;
  readonly version: string;
  /** Path of the executable. */
  readonly path: string;
}

/** A plugin's process, attached to no engine. */
export interface RunningPlugin {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * The newest installed version of an official plugin. Looked for in the folders of `TENANTRY_TEST_PLUGINS`,
 * `PULUMI_HOME`, the installation that `pulumi` on PATH belongs to, and the home folder's.
 */
export function findOfficialPlugin(name: string): FoundPlugin | undefined {
  const prefix = `resource-${name}-v`;
  const found = pluginFolders().flatMap((folder) =>
    readdirSync(folder)
      .filter((entry) => entry.startsWith(prefix))
      .map((entry) => ({
        name,
        version: entry.slice(prefix.length),
        path: join(folder, entry, `pulumi-resource-${name}`),
      })),
  );
  return found.filter(({ path }) => existsSync(path)).sort((a, b) => rcompare(a.version, b.version))[0];
}

/** What a skipped test's title says; empty when there is a plugin. */
export function whyNoPlugin(name: string, plugin: FoundPlugin | undefined): string {
  return plugin === undefined ? ` (skipped: no official plugin '${name}' installed)` : ` v${plugin.version}`;
}

/** Starts a plugin; it prints its port and serves until it is closed. Rejects when it ends before that. */
export async function startOfficialPlugin({ path }: FoundPlugin): Promise<RunningPlugin> {
  const child = spawn(path, [], { env: cleanEnvironment(), stdio: ["ignore", "pipe", "ignore"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const port = await firstLine(child);
  return {
    port: Number(port),
    close: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function pluginFolders(): readonly string[] {
  const { TENANTRY_TEST_PLUGINS: named, PULUMI_HOME: home } = process.env;
  const cli = officialPath({ PATH: process.env.PATH });
  const folders = [
    named,
    home === undefined ? undefined : join(home, "plugins"),
    cli === undefined ? undefined : join(dirname(dirname(cli)), "plugins"),
    join(homedir(), ".pulumi", "plugins"),
  ];
  return [...new Set(folders.filter((folder) => folder !== undefined))].filter((folder) =>
    existsSync(folder),
  );
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the plugin ended with ${code} before it served`)));
    if (child.stdout !== null) createInterface({ input: child.stdout }).once("line", resolve);
  });
}

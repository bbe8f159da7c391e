import { join } from "node:path";
import { createWorkspace, type Workspace } from "../test/support/workspace.ts";
import { type Row, spreadOf, timeCommand } from "./measure.ts";

/**
 * How long the local cloud takes to be there, with PostgreSQL's durable settings: from nothing, when it runs already,
 * and after a stop with the platform's two servers. Alone: `npm run bench -- start`.
 */
export async function measureStarts(runs: number): Promise<readonly Row[]> {
  const workspace = createWorkspace();
  try {
    const [fromNothing, again] = await measureEmpty(workspace, runs);
    const withServers = await measureWithServers(workspace, runs);
    return [
      { what: "`local start` from nothing", spread: spreadOf(fromNothing) },
      { what: "`local start` when it runs", spread: spreadOf(again) },
      { what: "`local start` after a stop, two PostgreSQL servers", spread: spreadOf(withServers) },
    ];
  } finally {
    await workspace.dispose();
  }
}

async function measureEmpty(workspace: Workspace, runs: number): Promise<[number[], number[]]> {
  const fromNothing: number[] = [];
  const again: number[] = [];
  // The first one makes the bundle.
  await local(workspace, "start");
  for (let run = 0; run < runs; run += 1) {
    await local(workspace, "reset");
    fromNothing.push(await local(workspace, "start"));
    again.push(await local(workspace, "start"));
  }
  return [fromNothing, again];
}

async function measureWithServers(workspace: Workspace, runs: number): Promise<number[]> {
  await time(workspace, ["up", "--platform"]);
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await local(workspace, "stop");
    times.push(await local(workspace, "start"));
  }
  return times;
}

function local(workspace: Workspace, action: string): Promise<number> {
  return time(workspace, ["local", action]);
}

function time({ root }: Workspace, args: readonly string[]): Promise<number> {
  return timeCommand(process.execPath, [join(root, "bin/tenantry"), ...args], {
    cwd: root,
    env: process.env,
  });
}

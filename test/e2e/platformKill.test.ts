import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enumeratePoints, isState, killNames, runDriver } from "../support/killPoints.ts";
import { cleanEnvironment, createWorkspace, type Workspace } from "../support/workspace.ts";

const MINUTE_MS = 60_000;
const UP = ["up", "--platform", "--json"];

describe.sequential("kill -9 of a first `up --platform` at every point, each run going on from the last", () => {
  let points: readonly string[];
  let calm: unknown;
  let workspace: Workspace;

  beforeAll(async () => {
    const model = createWorkspace();
    points = killNames(await enumeratePoints(model, "nobody", UP)).filter((point) => !isState(point));
    calm = contents(model);
    await model.dispose();
    workspace = createWorkspace();
  }, 5 * MINUTE_MS);
  afterAll(() => workspace?.dispose());

  test("ends with what a calm run makes", { timeout: 30 * MINUTE_MS }, async () => {
    console.log(`platform: ${points.length} points of resources`);
    const problems: string[] = [];
    for (const point of points) {
      let run = await killAt(point);
      // It was past that point, done beside the one before: then a machine without a platform comes by it.
      if (run.answers[0]?.code === 0) {
        await succeed(["local", "reset"]);
        run = await killAt(point);
      }
      if (run.signal !== "SIGKILL") problems.push(`${point}: ${run.answers[0]?.text ?? run.stderr}`);
    }
    expect(problems).toEqual([]);
    await succeed(UP);
    expect(contents(workspace)).toEqual(calm);
    await succeed(["preview", "--platform", "--exit-code"]);
  });

  const killAt = (point: string) => runDriver(workspace, [{ argv: UP, killAt: point }]);

  async function succeed(argv: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await workspace.tenantry(argv);
    expect(code, stdout + stderr).toBe(0);
  }
});

/** What there is of a platform: stacks, locks that are left, databases, roles, secrets, DNS and CDN. */
function contents({ root }: Workspace): unknown {
  const script = join(import.meta.dirname, "../support/printContents.ts");
  const args = ["--import=tsx", script, root];
  const json = JSON.parse(
    execFileSync(process.execPath, args, { encoding: "utf8", env: cleanEnvironment() as NodeJS.ProcessEnv }),
  );
  expect(json).toMatchObject({ locks: [], stacks: [{ stack: "local", pending: 0, doubled: [] }] });
  return json;
}

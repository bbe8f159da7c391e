import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chain } from "../engine/support/chain.ts";
import { Harness, names } from "../engine/support/harness.ts";
import { runKilledAt } from "../engine/support/killedRun.ts";
import { PULUMI, WHY_SKIPPED } from "./support.ts";

interface Answer {
  readonly isDone: boolean;
  readonly output: string;
}

describe
  .skipIf(PULUMI === undefined)
  .sequential(`the official CLI and a cut-off run's journal (F1)${WHY_SKIPPED}`, () => {
    let harness: Harness;
    beforeEach(async () => {
      harness = await Harness.create();
      expect(await runKilledAt(harness, "up", "create:test:index:Thing:b:after")).toBe("SIGKILL");
    });
    afterEach(() => harness.close());

    function pulumi(...args: string[]): Promise<Answer> {
      const env = {
        ...process.env,
        ...harness.environment,
        PULUMI_HOME: join(harness.root, "home"),
        PULUMI_SKIP_UPDATE_CHECK: "true",
      };
      return new Promise((resolve) => {
        execFile(
          PULUMI ?? "",
          [...args, "--stack", "dev", "--non-interactive"],
          { cwd: harness.root, env },
          (error, stdout, stderr) => resolve({ isDone: error === null, output: stdout + stderr }),
        );
      });
    }

    test("it refuses the marked checkpoint and changes nothing", async () => {
      const before = await harness.files();
      for (const args of [
        ["stack", "export"],
        ["refresh", "--yes", "--skip-preview"],
        ["destroy", "--yes", "--skip-preview"],
      ]) {
        const { isDone, output } = await pulumi(...args);
        expect(isDone).toBe(false);
        expect(output).toMatch(/features: tenantryJournal|currently locked/);
      }
      const after = await harness.files();
      expect(Object.keys(after).filter((path) => after[path] !== before[path])).toEqual([]);
    });

    test("after `cancel` of this engine it has all that was made, and destroys it", async () => {
      await harness.run(["cancel", "--yes", "--stack", "dev"]);
      const { output } = await pulumi("stack", "export");
      const { deployment } = JSON.parse(output);
      expect(names(deployment.resources)).toEqual(["demo-dev", "default_1_2_3", "a"]);
      expect(deployment.pending_operations.map(({ type }: { type: string }) => type)).toEqual(["creating"]);
      await (await harness.stack(chain)).up();
      const gone = await pulumi("destroy", "--yes", "--skip-preview");
      expect(gone.output).not.toContain("error");
      expect(gone.isDone).toBe(true);
      expect(await harness.resources()).toEqual([]);
    });
  });

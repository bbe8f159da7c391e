import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { JOURNAL_FEATURE } from "../../src/engine/checkpoint.ts";
import { distinctMoments } from "../support/killPoints.ts";
import { CrashBench, RUN } from "./crashBench.ts";
import { PULUMI, WHY_SKIPPED } from "./support.ts";

const HOUR_MS = 3_600_000;
/** Calls of the provider in the second version's `up` that change something. */
const CALLS = 7;

describe
  .skipIf(PULUMI === undefined)
  .sequential(`the other engine goes on after a kill -9${WHY_SKIPPED}`, () => {
    let bench: CrashBench;
    beforeAll(async () => {
      bench = await CrashBench.open();
    });
    afterAll(() => bench?.close());
    beforeEach(() => bench.reset());

    /** A cut-off create may have made what no state knows; nothing else is left over or missing. */
    async function expectWhole(backend: string, wasPending: readonly string[]): Promise<void> {
      expect(await bench.pending(backend)).toEqual([]);
      const orphans = (await bench.orphans(backend)).map((id) => `creating ${id.replace(/-\d+$/, "")}`);
      expect(wasPending).toEqual(expect.arrayContaining(orphans));
      const { resources = [] } = (await bench.checkpoint(backend)).checkpoint.latest;
      const names = resources.filter(({ type }) => type === "test:index:Thing").map(({ urn }) => urn.at(-1));
      expect(names.toSorted()).toEqual(["a", "b", "c", "d"]);
      for (const { id = "" } of resources.filter(({ type }) => type === "test:index:Thing"))
        expect(bench.provider.world.has(id), id).toBe(true);
    }

    /** A journal, where one is open, is for this engine's `cancel` to take in: the official CLI refuses the stack till then. */
    async function freeAfterKill(): Promise<void> {
      const { features = [] } = await bench.checkpoint();
      const cancel = ["cancel", "--stack", "dev", "--yes"];
      if (features.includes(JOURNAL_FEATURE)) await bench.embedded(cancel);
      else await bench.official(cancel);
    }

    async function officialGoesOn(backend: string): Promise<void> {
      await bench.official(["refresh", ...RUN, "--clear-pending-creates"], "2", backend);
      await bench.official(["up", ...RUN], "2", backend);
      await bench.official(["preview", "--stack", "dev", "--expect-no-changes"], "2", backend);
    }

    async function embeddedGoesOn(backend: string): Promise<void> {
      await bench.embedded(["up", ...RUN], "2", backend);
      await bench.embedded(["refresh", ...RUN, "--clear-pending-creates"], "2", backend);
      await bench.embedded(["preview", "--stack", "dev", "--expect-no-changes"], "2", backend);
    }

    /** What the other engine may be given: the backend as it is, or an export that either of them wrote. */
    const HANDOVERS = [
      async () => "backend",
      async () => await handOver(bench.official.bind(bench), bench.embedded.bind(bench)),
      async () => await handOver(bench.embedded.bind(bench), bench.official.bind(bench)),
    ];

    type Run = (args: readonly string[], version?: string, backend?: string) => Promise<void>;

    async function handOver(exporting: Run, importing: Run): Promise<string> {
      const file = join(bench.root, "exported.json");
      await exporting(["stack", "export", "--stack", "dev", "--file", file]);
      await importing(["stack", "init", "dev"], "2", "other");
      await importing(["stack", "import", "--stack", "dev", "--file", file], "2", "other");
      return "other";
    }

    test("the embedded engine at every point of an `up`, then the official CLI", {
      timeout: HOUR_MS,
    }, async () => {
      const points = (await pointsOf(bench)).map((name) => name.replace(/#\d+$/, ""));
      console.log(`up: ${points.length} distinct moments of the embedded engine`);
      expect(points).toEqual(
        expect.arrayContaining([
          ...["create-replacement:test:index:Thing:a:before", "update:test:index:Thing:b:after"],
          ...["delete-replaced:test:index:Thing:c:after", "create:test:index:Thing:d:after"],
          ...["delete:test:index:Thing:e:before", "delete-replaced:test:index:Thing:a:after"],
        ]),
      );
      for (const [index, point] of points.entries()) {
        await bench.reset();
        expect({ point, end: await bench.embeddedKilledAt(point) }).toEqual({ point, end: "SIGKILL" });
        await freeAfterKill();
        const pending = await bench.pending();
        const backend = (await HANDOVERS[index % HANDOVERS.length]?.()) ?? "";
        await officialGoesOn(backend);
        await expectWhole(backend, pending);
        await bench.embedded(["preview", "--stack", "dev", "--expect-no-changes"], "2", backend);
        const orphans = await bench.orphans(backend);
        await bench.official(["destroy", ...RUN], "2", backend);
        expect([...bench.provider.world.keys()].toSorted(), point).toEqual(orphans.toSorted());
      }
    });

    const moments = Array.from({ length: CALLS }, (_, index) => index + 1).flatMap((call) => [
      { call, moment: "before" as const },
      { call, moment: "after" as const },
    ]);

    test.each(moments)(
      "the official CLI $moment effect $call of an `up`, then the embedded engine",
      async ({ call, moment }) => {
        expect(await bench.officialKilledIn(call, moment)).toBe("SIGKILL");
        const pending = await bench.pending();
        expect(pending.length).toBeGreaterThan(0);
        const backend = (await HANDOVERS[call % HANDOVERS.length]?.()) ?? "";
        await embeddedGoesOn(backend);
        await expectWhole(backend, pending);
        await bench.official(["preview", "--stack", "dev", "--expect-no-changes"], "2", backend);
        const orphans = await bench.orphans(backend);
        await bench.embedded(["destroy", ...RUN], "2", backend);
        expect([...bench.provider.world.keys()].toSorted()).toEqual(orphans.toSorted());
      },
    );
  });

/** The points of the second version's `up` at which a kill leaves something of its own. */
async function pointsOf(bench: CrashBench): Promise<readonly string[]> {
  const points: string[] = [];
  await bench.watched(["up", ...RUN], (point) => points.push(point));
  return distinctMoments(points);
}

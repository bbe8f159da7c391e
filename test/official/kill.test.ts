import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addedContents, readCloudContents, readLockFiles, readStacks } from "../support/cloudContents.ts";
import { killNames } from "../support/killPoints.ts";
import { query } from "../support/localClients.ts";
import { type CutMoment, openPluginProxy } from "./pluginProxy.ts";
import {
  destroyOf,
  expectDone,
  type OfficialBench,
  openOfficialBench,
  PULUMI,
  previewOf,
  upOf,
  WHY_SKIPPED,
} from "./support.ts";

/** Azure resources of a tenant, made through an attached plugin. */
const AZURE = ["domain", "route", "txt", "cname"];
const MOMENTS: readonly CutMoment[] = ["before", "after"];
/** Killed runs side by side. */
const WIDTH = 3;
/** FAULTS F3. */
const ORPHAN_MS = 2_000;

/** Who ends what a killed bare `pulumi` began. The walk takes them in turn. */
const RECOVERIES = ["bare", "embedded", "official"] as const;
type Recovery = (typeof RECOVERIES)[number];

describe.skipIf(PULUMI === undefined).sequential(`kill -9 of the official pulumi${WHY_SKIPPED}`, () => {
  let bench: OfficialBench;
  let folder: string;

  beforeAll(async () => {
    bench = await openOfficialBench();
    folder = mkdtempSync(join(tmpdir(), "tenantry-points-"));
    for (const name of readdirSync(join(bench.workspace.root, "tenants")))
      bench.workspace.remove(`tenants/${name}`);
  });
  afterAll(async () => {
    await bench?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (slug: string, ...more: string[]): void => {
    const lines = [
      `displayName: ${slug}`,
      `adminEmail: a@${slug}.example`,
      "environments: [local]",
      "plan: trial",
    ];
    bench.workspace.write(`tenants/${slug}.yaml`, [...lines, ...more, ""].join("\n"));
  };
  const recordOf = (slug: string) =>
    query(bench.cloud.master.url, "SELECT status FROM identity.tenant WHERE slug = $1", [slug]);

  /** Points that the provider's own process comes by in a bare run. */
  async function pointsOf(run: (variables: Record<string, string>) => Promise<unknown>): Promise<string[]> {
    const file = join(folder, "points");
    rmSync(file, { force: true });
    await run({ TENANTRY_POINTS_FILE: file });
    return killNames(readFileSync(file, "utf8").trimEnd().split("\n"));
  }

  async function recover(slug: string, recovery: Recovery, verb: "up" | "destroy"): Promise<void> {
    if (recovery === "bare") {
      expectDone(await bench.pulumi(["cancel", "-s", `local.${slug}`, "--yes"]));
      expectDone(await bench.pulumi(verb === "up" ? upOf(slug) : destroyOf(slug)));
      return;
    }
    const argv = verb === "up" ? ["up", slug] : ["destroy", slug, "--purge", "--confirm", slug];
    expectDone(await bench.workspace.tenantry([...argv, "--engine", recovery]));
  }

  /** One of everything for each, no lock, and no change to come on the other engine. */
  async function expectWhole(slugs: readonly string[]): Promise<void> {
    const found = Object.values(await readCloudContents(bench.cloud)).flat();
    for (const slug of slugs) {
      const name = slug.replaceAll("-", "_");
      const own = found.filter((each) =>
        new RegExp(`[/_. -]${name}(_owner)?$`).test(each.replaceAll("-", "_")),
      );
      expect(own.map((each) => each.replace(/^db-0\d\//, "")).toSorted()).toEqual(
        [
          ...[`tenant_${name}`, `tenant_${name}_owner`, `tenant-db-${slug}`, `CNAME ${slug}`],
          ...[`TXT _dnsauth.${slug}`, `tenant-${slug}`, `tenant-${slug}`],
        ].toSorted(),
      );
      expect(await recordOf(slug)).toEqual([{ status: "active" }]);
      expect(stackOf(slug)).toMatchObject({ doubled: [] });
    }
    expect(readLockFiles(bench.cloud)).toEqual([]);
    expectDone(await bench.workspace.tenantry(["preview", ...slugs, "--exit-code"]));
  }

  const stackOf = (slug: string) => readStacks(bench.cloud).find(({ stack }) => stack === `local.${slug}`);

  /** Runs a body for every point, some of them side by side. */
  async function walk(
    points: readonly string[],
    body: (point: string, index: number) => Promise<void>,
  ): Promise<void> {
    const queue = [...points.entries()];
    const lanes = Array.from({ length: WIDTH }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await body(next[1], next[0]);
    });
    await Promise.all(lanes);
  }

  test("at every point of our provider in a first `up`", { timeout: 3_600_000 }, async () => {
    write("model");
    await bench.pulumi(["stack", "init", "local.model"]);
    const points = await pointsOf(async (variables) =>
      expectDone(await bench.pulumi(upOf("model"), variables)),
    );
    console.log(`up: ${points.length} points of the provider on the official engine`);
    expect(points.length).toBeGreaterThan(20);
    await walk(points, async (point, index) => {
      const slug = `kill-${index}`;
      const recovery = RECOVERIES[index % RECOVERIES.length] ?? "bare";
      write(slug);
      const killed = await bench.bareUp(slug, { TENANTRY_KILL_AT: point });
      expect({ point, signal: killed.signal }, killed.stdout).toEqual({ point, signal: "SIGKILL" });
      await recover(slug, recovery, "up");
      // Pulumi itself carries a pending operation on for ever; our own runs clear it.
      if (recovery !== "bare") expect(stackOf(slug)).toMatchObject({ pending: 0 });
    });
    const slugs = points.map((_, index) => `kill-${index}`);
    await expectWhole(slugs);
    expectDone(await bench.workspace.tenantry(["up", ...slugs]));
    for (const slug of slugs) expect(stackOf(slug)).toMatchObject({ pending: 0, doubled: [] });
  });

  test("a killed engine's plugin dies with it (F3)", async () => {
    write("orphan");
    const killed = bench.startPulumi([
      "up",
      "-s",
      "local.model",
      "--yes",
      "--skip-preview",
      "--non-interactive",
    ]);
    const ours = (): string[] =>
      processes().filter((line) => line.includes(`${bench.workspace.root}/bin/pulumi-resource-tenantry`));
    while (ours().length === 0) await delay(20);
    killed.kill("SIGKILL");
    await delay(ORPHAN_MS);
    expect(ours()).toEqual([]);
    expectDone(await bench.workspace.tenantry(["up", "model"]));
  });

  describe.each(AZURE)("in the create of an azure-native resource: %s", (resource) => {
    test.each(MOMENTS)(
      "cut off %s the plugin did it; `doctor` prints the command that ends it",
      async (moment) => {
        const slug = `bare-${resource}-${moment}`;
        await cutOff(slug, resource, moment);
        const doctor = await bench.workspace.tenantry(["doctor"]);
        // First what forgets the operation, then, where the plugin had done it, what imports it.
        const lines = doctor.stdout
          .split("\n")
          .map((each) => each.trim())
          .filter((each) => each.startsWith("pulumi ") && each.includes(`--stack local.${slug}`));
        const commands = moment === "after" ? lines : lines.slice(0, 1);
        expect(commands, doctor.stdout).toHaveLength(moment === "after" ? 2 : 1);
        expectDone(await bench.pulumi(["cancel", "-s", `local.${slug}`, "--yes"]));
        for (const line of commands) {
          const [, ...args] = words(line);
          expectDone(await bench.pulumi([...args, "--non-interactive"]));
        }
        expectDone(await bench.pulumi(upOf(slug)));
        expectDone(await bench.pulumi(previewOf(slug)));
        expect(stackOf(slug)).toMatchObject({ pending: 0 });
        await expectWhole([slug]);
      },
    );

    test.each(MOMENTS)("cut off %s the plugin did it; tenantry needs no help", async (moment) => {
      const slug = `own-${resource}-${moment}`;
      await cutOff(slug, resource, moment);
      await recover(slug, moment === "before" ? "official" : "embedded", "up");
      expect(stackOf(slug)).toMatchObject({ pending: 0 });
      await expectWhole([slug]);
    });
  });

  test("at every point of our provider in the purge of a deleted tenant", {
    timeout: 3_600_000,
  }, async () => {
    const before = await readCloudContents(bench.cloud);
    const purge = async (slug: string): Promise<void> => {
      write(slug, "status: deleted", `purge: ${slug}`);
      expectDone(await bench.workspace.tenantry(["up", slug]));
    };
    write("gone");
    expectDone(await bench.workspace.tenantry(["up", "gone"]));
    await purge("gone");
    const points = await pointsOf(async (variables) =>
      expectDone(await bench.pulumi(destroyOf("gone"), variables)),
    );
    console.log(`destroy: ${points.length} points of the provider on the official engine`);
    expect(points.length).toBeGreaterThanOrEqual(9);
    await walk(points, async (point, index) => {
      const slug = `gone-${index}`;
      write(slug);
      expectDone(await bench.workspace.tenantry(["up", slug]));
      await purge(slug);
      const killed = await bench.pulumi(destroyOf(slug), { TENANTRY_KILL_AT: point });
      expect({ point, signal: killed.signal }, killed.stdout).toEqual({ point, signal: "SIGKILL" });
      await recover(slug, RECOVERIES[index % RECOVERIES.length] ?? "bare", "destroy");
      expect(await recordOf(slug)).toEqual([{ status: "purged" }]);
    });
    const left = Object.values(addedContents(before, await readCloudContents(bench.cloud))).flat();
    expect(left).toEqual([]);
    expect(readLockFiles(bench.cloud)).toEqual([]);
  });

  /** A first bare `up` that is killed while it creates one Azure resource. */
  async function cutOff(slug: string, resource: string, moment: CutMoment): Promise<void> {
    write(slug);
    await bench.pulumi(["stack", "init", `local.${slug}`]);
    const folderOfState = join(fileURLToPath(bench.cloud.backend.url), ".pulumi/stacks/tenantry");
    const [, port = ""] = /azure-native:(\d+)/.exec(bench.cloud.providers) ?? [];
    let kill = (): void => undefined;
    const proxy = await openPluginProxy({
      pluginPort: Number(port),
      checkpoint: join(folderOfState, `local.${slug}.json`),
      resource: `${slug}-${resource}`,
      moment,
      onCut: () => kill(),
    });
    const providers = bench.cloud.providers.replace(`azure-native:${port}`, `azure-native:${proxy.port}`);
    const child = bench.startPulumi(upOf(slug), { PULUMI_DEBUG_PROVIDERS: providers });
    kill = () => void child.kill("SIGKILL");
    const signal = await new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
    await proxy.close();
    expect(signal).toBe("SIGKILL");
    expect(stackOf(slug)).toMatchObject({ pending: 1 });
  }
});

/** Words of a command line as a shell reads it; only single quotes occur. */
function words(line: string): string[] {
  return [...line.trim().matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}

function processes(): string[] {
  const pids = readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && existsSync(`/proc/${name}/cmdline`),
  );
  return pids.map(commandOf);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return "";
    throw error;
  }
}

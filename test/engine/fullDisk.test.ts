import { execFileSync } from "node:child_process";
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chain } from "./support/chain.ts";
import { Harness, names, Thing } from "./support/harness.ts";
import { runLimited } from "./support/limitedRun.ts";
import { refusalOf } from "./support/refusal.ts";

const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === "linux";
const canMount = isLinux && isRoot;

let harness: Harness;
let backend: string;
beforeEach(async () => {
  harness = await Harness.create();
  backend = join(harness.root, "backend");
  await mkdir(backend);
});
afterEach(() => harness.close());

const lockFiles = async (): Promise<readonly string[]> =>
  Object.keys(await harness.files()).filter((path) => path.includes("/locks/"));

describe(`a full disk (F6)${canMount ? "" : ", skipped: only root can mount a small one"}`, () => {
  beforeEach(() => {
    if (canMount) execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "none", backend]);
  });
  afterEach(() => {
    if (canMount) execFileSync("umount", [backend]);
  });

  /** Takes what is left of the disk. */
  async function fill(): Promise<void> {
    for (let size = 65536; size >= 1; size = Math.floor(size / 4))
      await writeFile(join(backend, `filler-${size}`), "x".repeat(300_000), { flag: "a" }).catch(
        () => undefined,
      );
  }

  /** The same inside a run's own moment. */
  function fillAtOnce(): void {
    execFileSync("sh", ["-c", `head -c 400000 /dev/zero > ${backend}/filler 2>/dev/null || :`]);
  }

  async function free(): Promise<void> {
    for (const name of await readdir(backend)) if (name.startsWith("filler")) await rm(join(backend, name));
  }

  async function failed(run: Promise<unknown>): Promise<string> {
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeDefined();
    return String(error);
  }

  test.runIf(canMount)(
    "at the end of a run: it fails by name, nothing is lost, the next one ends it",
    async () => {
      harness.onPoint = (point) => {
        if (point === "state:fold:before") fillAtOnce();
      };
      const text = await failed(harness.up(chain));
      harness.onPoint = undefined;
      expect(text).toContain(`the state file '${harness.checkpointPath()}' could not be written: ENOSPC: `);
      expect(names(await harness.resources())).toEqual(["demo-dev", "default_1_2_3", "a", "b"]);
      await free();
      harness.provider.reset();
      expect(await harness.up(chain)).toEqual({ same: 3 });
      expect(harness.provider.log).toEqual([]);
      expect(Object.keys(await harness.files()).filter((path) => path.endsWith(".journal"))).toEqual([]);
    },
  );

  test.runIf(canMount)(
    "in the middle of a run: it fails by name, the intent stays, the next one ends it",
    async () => {
      const program = async (): Promise<void> => {
        const a = new Thing("a", { value: "one" });
        new Thing("b", { value: a.made, text: "b".repeat(10_000) });
      };
      // Pages that the journal has already are its own: what comes next must need more.
      harness.provider.hook = async (method, name) => {
        if (method === "create" && name === "b") await fill();
      };
      const text = await failed(harness.up(program));
      expect(text).toContain(
        `the journal '${harness.checkpointPath()}.journal' could not be written: ENOSPC: `,
      );
      expect(text).toMatch(/warning: the history file '.*' could not be written: ENOSPC/);
      expect([...harness.provider.world.keys()]).toEqual(["a-1", "b-2"]);
      const { latest } = (await harness.checkpoint()).checkpoint;
      expect(names(latest.resources ?? [])).toEqual(["demo-dev", "default_1_2_3", "a"]);
      expect(latest.pending_operations).toEqual([expect.objectContaining({ type: "creating" })]);
      const left = Object.keys(await harness.files()).filter((path) => /\.tmp$|\/locks\//.test(path));
      expect(left).toEqual([]);
      await free();
      harness.provider.reset();
      expect(await harness.up(program)).toEqual({ same: 2, create: 1 });
      await harness.run(["refresh", "--clear-pending-creates", "--stack", "dev"]);
      expect(await harness.up(program)).toEqual({ same: 3 });
      expect((await harness.checkpoint()).checkpoint.latest.pending_operations).toBeUndefined();
    },
  );

  test.runIf(canMount)("before an intent is stored: the provider isn't asked for anything", async () => {
    const program = async (): Promise<void> => void new Thing("a", { value: "a".repeat(10_000) });
    const stack = await harness.stack(program);
    harness.onPoint = (point) => {
      if (point === "state:3:before") fillAtOnce();
    };
    expect(await failed(stack.up())).toContain("could not be written: ENOSPC");
    expect(harness.provider.log).toEqual([]);
    harness.onPoint = undefined;
    await free();
    expect(await harness.up(program)).toEqual({ same: 1, create: 1 });
  });

  test.runIf(canMount)("at the lock, the first state, the history and an export", async () => {
    const stack = await harness.stack(chain);
    await fill();
    expect(await failed(stack.up())).toMatch(
      /the lock file '.*\.json' could not be written: ENOSPC: .*Nothing was changed/,
    );
    expect(await lockFiles()).toEqual([]);
    expect(await refusalOf(harness, ["stack", "init", "second"])).toMatch(
      /^error: the state file '.*second\.json' could not be written: ENOSPC/,
    );
    await free();
    harness.onPoint = (point) => {
      if (point === "state:fold:after") fillAtOnce();
    };
    expect(await failed(stack.up())).toMatch(
      /error: the history file '.*' could not be written: ENOSPC.*is in the state/,
    );
    await fill();
    const file = join(backend, "export.json");
    expect(await refusalOf(harness, ["stack", "export", "--stack", "dev", "--file", file])).toMatch(
      /^error: the export file '.*export\.json' could not be written: ENOSPC/,
    );
    expect((await readdir(backend)).filter((name) => name.startsWith("export"))).toEqual([]);
    await free();
    expect(await harness.up(chain)).toEqual({ same: 3 });
  });
});

describe.runIf(isLinux)("a limit on the size of files (F6)", () => {
  const limited = (bytes: number, ...args: readonly string[]) =>
    runLimited(harness, ["prlimit", `--fsize=${bytes}`], args);

  test("names the lock, the state, the history or the export that is too large, and loses nothing", async () => {
    await harness.stack(chain);
    const lock = await limited(80, "up");
    expect(lock.stderr).toMatch(/the lock file '.*' could not be written: EFBIG/);
    const state = await limited(1_500, "up");
    expect(state.stderr).toContain(
      `the journal '${harness.checkpointPath()}.journal' could not be written: EFBIG`,
    );
    const { latest } = (await harness.checkpoint()).checkpoint;
    expect(names(latest.resources ?? []).length + (latest.pending_operations ?? []).length).toBeGreaterThan(
      0,
    );
    const before = await readFile(harness.checkpointPath(), "utf8");
    await writeFile(join(harness.root, "export.json"), "old");
    const file = join(harness.root, "export.json");
    const exported = await limited(200, "stack", "export", "--stack", "dev", "--file", file);
    expect(exported.stderr).toMatch(/the export file '.*' could not be written: EFBIG/);
    expect(await readFile(file, "utf8")).toBe("old");
    expect(await readFile(harness.checkpointPath(), "utf8")).toBe(before);
    const history = await limited(20_000, "up", "m".repeat(30_000));
    expect(history.stderr).toMatch(/the history file '.*' could not be written: EFBIG/);
    await harness.run(["refresh", "--clear-pending-creates", "--stack", "dev"]);
    expect(await harness.up(chain)).toEqual({ same: 3 });
  });
});

describe.runIf(isLinux)("a state file that its user may not read (F6)", () => {
  /** Root may read everything, unless it gives that up. */
  const dropped = isRoot
    ? [
        "setpriv",
        "--bounding-set=-dac_override,-dac_read_search",
        "--inh-caps=-dac_override,-dac_read_search",
      ]
    : ["env"];

  test("is refused with the last good copy, and so is one without", async () => {
    await harness.up(chain);
    await chmod(harness.checkpointPath(), 0);
    for (const args of [["up"], ["destroy", "--stack", "dev"], ["stack", "rm", "--yes", "--force", "dev"]]) {
      const { code, stderr } = await runLimited(harness, dropped, args);
      expect(code).not.toBe(0);
      expect(stderr).toMatch(
        new RegExp(
          `^error: the state file '${harness.checkpointPath()}' can't be read: EACCES: .*; the last good copy is '`,
        ),
      );
    }
    await rm(join(backend, ".pulumi/history"), { recursive: true });
    await chmod(`${harness.checkpointPath()}.bak`, 0);
    const { stderr } = await runLimited(harness, dropped, ["destroy", "--stack", "dev"]);
    expect(stderr).toContain("; there is no good copy of it.");
  });
});

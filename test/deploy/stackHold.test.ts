import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { holdStack } from "../../src/deploy/stackHold.ts";

describe("a stack that an operation holds", () => {
  let folder: string;
  beforeEach(() => (folder = join(mkdtempSync(join(tmpdir(), "tenantry-hold-")), "locks")));
  afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

  const impatient = { isPatient: false, onNote: () => undefined };
  const patient = { isPatient: true, onNote: () => undefined };
  const locks = () => readdirSync(folder);

  test("bears one lock while the work goes on, and none afterwards, also when the work failed", async () => {
    await holdStack("local.acme", folder, impatient, async () => expect(locks()).toHaveLength(1));
    expect(locks()).toEqual([]);
    const failing = holdStack("local.acme", folder, impatient, () => Promise.reject(new Error("broken")));
    await expect(failing).rejects.toThrow("broken");
    expect(locks()).toEqual([]);
  });

  test("is refused to a second one by name, and let go for a run of the first one's own", async () => {
    const second = () => holdStack("local.acme", folder, impatient, async () => "second");
    await holdStack("local.acme", folder, impatient, async (hold) => {
      await expect(second()).rejects.toMatchObject({
        code: "E_LOCKED",
        message: expect.stringContaining(`pid ${process.pid}`),
      });
      expect(await hold.letGoFor(second)).toBe("second");
      expect(locks()).toHaveLength(1);
    });
  });

  test("is had by one after the other of twenty that wait", async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((done) => setImmediate(done));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 20 }, () => holdStack("local.acme", folder, patient, work)));
    expect({ most, locks: locks() }).toEqual({ most: 1, locks: [] });
  });

  test("is taken over from an owner that no longer runs, and told", async () => {
    await holdStack("local.acme", folder, impatient, async () => undefined);
    const dead = { pid: 2 ** 22 + 1, username: "x", hostname: (await import("node:os")).hostname() };
    writeFileSync(
      join(folder, "dead.json"),
      JSON.stringify({ ...dead, timestamp: new Date().toISOString() }),
    );
    const notes: string[] = [];
    await holdStack("local.acme", folder, { ...impatient, onNote: (text) => notes.push(text) }, async () => {
      expect(locks()).toHaveLength(1);
    });
    expect(notes).toEqual([expect.stringContaining("took over the lock of x@")]);
  });
});

import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStore } from "../../src/localcloud/store.ts";

let folder: string;
let journal: string;

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "tenantry-test-store-"));
  journal = path.join(folder, "journal.ndjson");
});

afterEach(async () => {
  await fs.rm(folder, { recursive: true, force: true });
});

async function reopened(): Promise<{ id: string; doc: unknown }[]> {
  const store = await openStore(folder);
  const all = [...store.list("a")];
  await store.close();
  return all;
}

describe("store", () => {
  test("what was put is there after opening again, what was deleted is not", async () => {
    const store = await openStore(folder);
    await Promise.all([
      store.put("a", "1", { n: 1 }),
      store.put("a", "2", { n: 2 }),
      store.put("b", "1", "other"),
    ]);
    await store.put("a", "1", { n: 3 });
    await store.delete("a", "2");
    await store.close();
    const again = await openStore(folder);
    expect(again.list("a")).toEqual([{ id: "1", doc: { n: 3 } }]);
    expect(again.get("b", "1")).toBe("other");
    expect(again.counts()).toEqual({ a: 1, b: 1 });
    await again.close();
  });

  test("lists by prefix, sorted by id, and counts changes a namespace", async () => {
    const store = await openStore(folder);
    await Promise.all(["x/2", "y/1", "x/1"].map((id) => store.put("a", id, id)));
    expect(store.list("a", "x/").map(({ id }) => id)).toEqual(["x/1", "x/2"]);
    expect([store.revision("a"), store.revision("b")]).toEqual([3, 0]);
    await store.close();
  });

  test("a document changed by its owner after the put is kept as it was put", async () => {
    const store = await openStore(folder);
    const doc = { n: 1 };
    const done = store.put("a", "1", doc);
    doc.n = 2;
    await done;
    expect(store.get("a", "1")).toEqual({ n: 1 });
    await store.close();
  });

  test("a torn last line, cut anywhere, takes away only what nobody was told", async () => {
    const store = await openStore(folder);
    await store.put("a", "1", "kept");
    const whole = (await fs.stat(journal)).size;
    await store.put("a", "2", "torn");
    await store.close();
    const content = await fs.readFile(journal);
    for (let length = whole; length < content.length; length += 1) {
      await fs.writeFile(journal, content.subarray(0, length));
      expect(await reopened()).toEqual([{ id: "1", doc: "kept" }]);
      expect((await fs.stat(journal)).size).toBe(whole);
    }
  });

  test("damage before the last line is refused with its place", async () => {
    const store = await openStore(folder);
    await store.put("a", "1", "one");
    await store.put("a", "2", "two");
    await store.close();
    const content = await fs.readFile(journal, "utf8");
    await fs.writeFile(journal, content.replace('"one"', '"won"'));
    await expect(openStore(folder)).rejects.toMatchObject({
      code: "E_STATE",
      message: `${journal}:1: the local cloud's state is damaged: its checksum does not fit.`,
    });
  });

  test("a journal full of old versions is made small, and loses nothing", async () => {
    const store = await openStore(folder);
    const big = "x".repeat(100_000);
    for (let n = 0; n < 60; n += 1) await store.put("a", "same", { n, big });
    await store.close();
    expect((await fs.stat(journal)).size).toBeLessThan(4.5 * 1024 * 1024);
    expect(await reopened()).toEqual([{ id: "same", doc: { n: 59, big } }]);
  });

  test("the file is closed to everybody else", async () => {
    await (await openStore(folder)).close();
    expect((await fs.stat(journal)).mode & 0o777).toBe(0o600);
  });

  test("kill -9 in the middle of writing keeps every put that was acknowledged", async () => {
    const script = `
      const { openStore } = await import(${JSON.stringify(path.resolve(import.meta.dirname, "../../src/localcloud/store.ts"))});
      const store = await openStore(${JSON.stringify(folder)});
      for (let n = 0; ; n += 1) { await store.put("a", String(n), n); process.stdout.write(n + "\\n"); }`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", script]);
    let said = "";
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk) => {
        said += chunk;
        if (said.split("\n").length > 50) child.kill("SIGKILL");
      });
      child.on("exit", () => resolve());
    });
    const acknowledged = said.split("\n").slice(0, -1);
    const kept = (await reopened()).map(({ id }) => id);
    expect(acknowledged.length).toBeGreaterThan(49);
    expect(acknowledged.filter((id) => !kept.includes(id))).toEqual([]);
  });
});

import { copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { secret } from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { FileBackend } from "../../src/engine/backend.ts";
import { readStateFile } from "../../src/engine/stateFile.ts";
import { chain } from "./support/chain.ts";
import { Harness, Thing } from "./support/harness.ts";
import { refusalOf } from "./support/refusal.ts";

const sealed = async (): Promise<object> => {
  const a = new Thing("a", { value: secret("quiet") });
  const b = new Thing("b", { value: a.made });
  return { made: b.made };
};

/** Every command that reads a stack's state. */
const COMMANDS: readonly (readonly string[])[] = [
  ["preview", "--stack", "dev", "--client", "127.0.0.1:1"],
  ["up", "--stack", "dev", "--client", "127.0.0.1:1"],
  ["refresh", "--stack", "dev"],
  ["destroy", "--stack", "dev"],
  ["stack", "export", "--stack", "dev"],
  ["stack", "output", "--stack", "dev"],
  ["stack", "rm", "--yes", "--force", "dev"],
  ["state", "unprotect", "--all", "--yes", "--stack", "dev"],
  ["refresh", "--clear-pending-creates", "--stack", "dev"],
];

let harness: Harness;
let path: string;
let good: string;
beforeAll(async () => {
  harness = await Harness.create();
  await harness.up(sealed);
  await harness.up(async () => void new Thing("x"), "other");
  path = harness.checkpointPath();
  good = await readFile(path, "utf8");
  await cp(join(harness.root, "backend"), join(harness.root, "kept"), {
    recursive: true,
    preserveTimestamps: true,
  });
});
afterAll(() => harness.close());
beforeEach(async () => {
  await rm(join(harness.root, "backend"), { recursive: true });
  await cp(join(harness.root, "kept"), join(harness.root, "backend"), {
    recursive: true,
    preserveTimestamps: true,
  });
});

/** The one line of each command on the state as it is; nothing may be written but locks that are gone again. */
async function refusals(): Promise<readonly string[]> {
  const before = await harness.files();
  const calls = harness.provider.calls.length;
  const lines: string[] = [];
  for (const args of COMMANDS) lines.push(await refusalOf(harness, args));
  expect(await harness.files()).toEqual(before);
  expect(harness.provider.calls.length).toBe(calls);
  return lines;
}

async function expectRefused(problem: string): Promise<void> {
  for (const line of await refusals())
    expect(line).toMatch(
      new RegExp(
        `^error: the state file '${path}' ${problem}.*\\. Nothing was changed; the last good copy is '([^']+)', of 20\\S+ with 4 resource\\(s\\)\\.$`,
      ),
    );
}

describe("a state file that can't be used (F6, F7, F8)", () => {
  test("torn at any byte, it is refused with the last good copy", async () => {
    const backend = new FileBackend(`file://${join(harness.root, "backend")}`, harness.root);
    const bytes = Buffer.from(good);
    for (let length = 0; length < bytes.length; length++) {
      await writeFile(path, bytes.subarray(0, length));
      const refused = readStateFile(backend, { project: "demo", stack: "dev" });
      await expect(refused, `${length} bytes`).rejects.toThrow(
        /^the state file '.*' is damaged: .*; the last good copy is '[^\n]*$/,
      );
    }
  });

  test.each([0, 1, 40, 400])(
    "torn to %d bytes, every command refuses it and writes nothing",
    async (length) => {
      await writeFile(path, good.slice(0, length));
      await expectRefused("is damaged: ");
    },
  );

  test("with any bit of it turned, it is refused or holds every resource it held", async () => {
    const bytes = Buffer.from(good);
    const held = idsOf(good);
    let refused = 0;
    for (let at = 0; at < bytes.length; at += 7) {
      const turned = Buffer.from(bytes);
      turned[at] = (turned[at] ?? 0) ^ (1 << (at % 7));
      await writeFile(path, turned);
      const exported = await exportOf(harness);
      if (exported === undefined) refused++;
      else expect(idsOf(exported).length, `bit of byte ${at}`).toBe(held.length);
    }
    expect(refused).toBeGreaterThan(bytes.length / 28);
  });

  test.each([
    ["names", /"(?=(?:checkpoint|latest|resources|urn|custom|type|inputs|outputs|parent|provider)":)/g],
    ["punctuation", /[{}[\]:,](?=["{[])/g],
  ])("with its %s mangled, it is refused", async (_what, pattern) => {
    for (const { index } of good.matchAll(pattern)) {
      const mangled = `${good.slice(0, index)}${good[index] === '"' ? '"x' : "x"}${good.slice(index + 1)}`;
      await writeFile(path, mangled);
      const line = await refusalOf(harness, ["stack", "export", "--stack", "dev"]);
      expect(line, mangled.slice(index - 20, index + 20)).toContain(`the state file '${path}' is damaged: `);
    }
  });

  test("a secret that doesn't open is damage; a wrong passphrase is not", async () => {
    const [, ciphertext = ""] = /"ciphertext":"([^"]+)"/.exec(good) ?? [];
    const [version, nonce, body = ""] = ciphertext.split(":");
    const turned = [version, nonce, body.startsWith("A") ? `B${body.slice(1)}` : `A${body.slice(1)}`].join(
      ":",
    );
    await writeFile(path, good.replaceAll(ciphertext, turned));
    expect(await refusalOf(harness, ["destroy", "--stack", "dev"])).toContain(`'${path}' is damaged: `);
    await writeFile(path, good);
    const line = await refusalOf(harness, ["destroy", "--stack", "dev"], {
      PULUMI_CONFIG_PASSPHRASE: "wrong",
    });
    expect(line).toContain("incorrect passphrase");
    expect(line).not.toContain("damaged");
  });

  test("a folder in its place", async () => {
    await rm(path);
    await mkdir(path);
    await expectRefused("can't be read: EISDIR");
  });

  test("a link to itself in its place", async () => {
    await rm(path);
    await symlink(path, path);
    await expectRefused("can't be read: ELOOP");
  });

  test("no file at all, but copies that hold resources: also no new stack is made", async () => {
    await rm(path);
    await expectRefused("is missing");
    expect(await refusalOf(harness, ["stack", "init", "dev"])).toContain("is missing");
    await expect(harness.stack(sealed)).rejects.toThrow("is missing");
  });

  test("another stack's state, with resources or without", async () => {
    await copyFile(harness.checkpointPath("other"), path);
    await expectRefused("is not the stack 'dev': it is of the stack 'organization/demo/other'");
    await writeFile(
      path,
      (await readFile(path, "utf8")).replace("organization/demo/other", "organization/demo/dev"),
    );
    await expectRefused(
      "is not the stack 'dev': resource 'urn:pulumi:other::demo::.*' is not of the stack 'dev'",
    );
    await harness.run(["stack", "init", "empty"]);
    await copyFile(harness.checkpointPath("empty"), path);
    await expectRefused("is not the stack 'dev': it is of the stack 'organization/demo/empty'");
  });

  test("another project's state", async () => {
    await writeFile(path, good.replaceAll("::demo::", "::else::"));
    await expectRefused("is not the stack 'dev': resource 'urn:pulumi:dev::else::");
  });
});

describe("the last good copy (F6)", () => {
  const line = (): Promise<string> => refusalOf(harness, ["destroy", "--stack", "dev"]);
  const kept = async (): Promise<readonly string[]> =>
    Object.keys(await harness.files()).filter(
      (name) => name.includes("/history/demo/dev/") && name.endsWith(".checkpoint.json"),
    );

  test("is the newer of backup and history, and only one that is whole and this stack's", async () => {
    const [newest = ""] = (await kept()).slice(-1);
    await writeFile(path, "");
    expect(await line()).toContain(`the last good copy is '${newest}'`);
    await writeFile(newest, "torn");
    expect(await line()).toContain(`the last good copy is '${path}.bak'`);
    await copyFile(harness.checkpointPath("other"), `${path}.bak`);
    expect(await line()).toMatch(/; there is no good copy of it\.$/);
    await rm(`${path}.bak`);
    await mkdir(`${path}.bak`);
    expect(await line()).toMatch(/; there is no good copy of it\.$/);
    await rm(`${path}.bak`, { recursive: true });
  });

  test("put in its place, it is what the next run goes on from", async () => {
    const fresh = await Harness.create();
    await fresh.up(chain);
    await writeFile(fresh.checkpointPath(), "");
    const [, copy = ""] =
      /last good copy is '([^']+)'/.exec(await refusalOf(fresh, ["destroy", "--stack", "dev"])) ?? [];
    await copyFile(copy, fresh.checkpointPath());
    expect(await fresh.up(chain)).toEqual({ same: 3 });
    await copyFile(`${fresh.checkpointPath()}.bak`, fresh.checkpointPath());
    await (await fresh.stack(chain)).destroy();
    expect(await fresh.resources()).toEqual([]);
    await fresh.close();
  });

  test("of an emptied stack is no reason to refuse a new one", async () => {
    const fresh = await Harness.create();
    await fresh.up(chain);
    await (await fresh.stack(chain)).destroy();
    await rm(fresh.checkpointPath());
    await rm(`${fresh.checkpointPath()}.bak`);
    expect(await fresh.up(chain)).toEqual({ create: 3 });
    await fresh.close();
  });

  test("what the folder of a history entry holds doesn't hide a good one before it", async () => {
    const fresh = await Harness.create();
    await fresh.up(chain);
    const folder = join(fresh.root, "backend/.pulumi/history/demo/dev");
    await mkdir(join(folder, "dev-9999999999999999999.checkpoint.json"));
    await rm(`${fresh.checkpointPath()}.bak`);
    await writeFile(fresh.checkpointPath(), "{");
    expect(await refusalOf(fresh, ["destroy", "--stack", "dev"])).toContain(
      `the last good copy is '${folder}/dev-1`,
    );
    await fresh.close();
  });
});

/** What `stack export` prints, or nothing when it refuses. */
async function exportOf(from: Harness): Promise<string | undefined> {
  return await from.run(["stack", "export", "--stack", "dev"]).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}

function idsOf(text: string): readonly string[] {
  return text.match(/"urn": ?"/g) ?? [];
}

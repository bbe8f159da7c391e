import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { newSalt } from "../../src/engine/crypter.ts";
import { chain } from "./support/chain.ts";
import { Harness } from "./support/harness.ts";

describe("`stack history --json`", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
    await harness.run(["stack", "init", "dev"]);
    await harness.run(["config", "set", "--secret", "password", "canary", "-s", "dev"]);
    await harness.run(["config", "set", "--path", "place.zone", "one", "-s", "dev"]);
    await harness.run(["config", "set", "--path", "--secret", "login.key", "canary", "-s", "dev"]);
    await harness.up(chain);
  });
  afterEach(() => harness.close());

  async function config(...args: readonly string[]): Promise<unknown> {
    const { stdout } = await harness.run(["stack", "history", "--json", ...args, "-s", "dev"]);
    return JSON.parse(stdout)[0].config;
  }
  const open = {
    "demo:greeting": { value: "hello", secret: false },
    "demo:place": { value: '{"zone":"one"}', objectValue: { zone: "one" }, secret: false },
  };

  test("keeps the config's secrets to itself", async () => {
    expect(await config()).toEqual({
      ...open,
      "demo:login": { secret: true },
      "demo:password": { secret: true },
    });
  });

  test("shows them with `--show-secrets`, as the official CLI does", async () => {
    expect(await config("--show-secrets")).toEqual({
      ...open,
      "demo:login": { value: '{"key":"canary"}', objectValue: { key: "canary" }, secret: true },
      "demo:password": { value: "canary", secret: true },
    });
  });

  test("says of each that the config file's key of now doesn't open that it can't", async () => {
    const path = join(harness.root, "env.yaml");
    const salt = await newSalt("local");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace(/encryptionsalt: .*/, `encryptionsalt: ${salt}`));
    const unreadable = { value: "ERROR_UNABLE_TO_DECRYPT", secret: true };
    expect(await config("--show-secrets")).toEqual({
      ...open,
      "demo:login": unreadable,
      "demo:password": unreadable,
    });
  });
});

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CrypterCache, newSalt } from "../../src/engine/crypter.ts";

describe("keys that are kept in a folder", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tenantry-keys-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const onlyFile = () => join(folder, readdirSync(folder)[0] ?? "");

  test("open in another process what the passphrase opens, and only their user reads them", async () => {
    const salt = await newSalt("local");
    const sealed = (await new CrypterCache(folder).get(salt, "local")).encrypt("a value");
    expect(statSync(onlyFile()).mode & 0o777).toBe(0o600);
    expect((await new CrypterCache(folder).get(salt, "local")).decrypt(sealed)).toBe("a value");
    await expect(new CrypterCache(folder).get(salt, "another")).rejects.toThrow("incorrect passphrase");
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test("are derived again when they are damaged", async () => {
    const salt = await newSalt("local");
    await new CrypterCache(folder).get(salt, "local");
    const key = readFileSync(onlyFile());
    writeFileSync(onlyFile(), Buffer.alloc(32));
    await new CrypterCache(folder).get(salt, "local");
    expect(readFileSync(onlyFile())).toEqual(key);
  });

  test("are only kept where a folder is named", async () => {
    await new CrypterCache().get(await newSalt("local"), "local");
    expect(readdirSync(folder)).toEqual([]);
  });
});

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDeployer } from "../../src/deploy/index.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tenantry-deployer-"));
  cpSync(resolve(import.meta.dirname, "../../stacks"), join(root, "stacks"), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (environment: string) => openDeployer({ root, environment, program: async () => ({}) });

describe("openDeployer", () => {
  test("refuses an environment that has no file", async () => {
    await expect(open("dev")).rejects.toMatchObject({
      code: "E_NO_CONFIG",
      message: "stacks/Pulumi.dev.yaml: expected an environment's config; got no such file.",
    });
  });

  test("refuses a file without its encryption, which Pulumi would rewrite, and starts nothing", async () => {
    const path = join(root, "stacks/Pulumi.local.yaml");
    const bare = readFileSync(path, "utf8").replace(/^encryptionsalt:.*$/m, "");
    writeFileSync(path, bare);
    await expect(open("local")).rejects.toMatchObject({
      code: "E_NO_CONFIG",
      message: expect.stringContaining(
        "'encryptionsalt': expected the salt that belongs to passphrase 'local'",
      ),
    });
    expect(readFileSync(path, "utf8")).toBe(bare);
  });

  test("refuses the committed `prod` until Azure has made what only it can", async () => {
    await expect(open("prod")).rejects.toMatchObject({
      code: "E_NO_CONFIG",
      message: expect.stringContaining("'secretsprovider'"),
    });
  });
});

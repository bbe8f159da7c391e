import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "..");

test("the product type-checks without the embedded engine and the local cloud", { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tenantry-rooms-"));
  try {
    cpSync(join(ROOT, "src"), join(folder, "src"), { recursive: true });
    for (const name of ["package.json", "node_modules"]) symlinkSync(join(ROOT, name), join(folder, name));
    const config = JSON.parse(readFileSync(join(ROOT, "tsconfig.json"), "utf8"));
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ ...config, include: ["src"] }));
    for (const room of ["engine", "localcloud"]) rmSync(join(folder, "src", room), { recursive: true });
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    expect(execFileSync(process.execPath, [tsc, "--noEmit", "-p", folder], { encoding: "utf8" })).toBe("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

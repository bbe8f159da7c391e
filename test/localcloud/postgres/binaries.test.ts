import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type BinariesPackage,
  findPackage,
  installPackage,
} from "../../../src/localcloud/postgres/binaries.ts";
import { serverUser } from "../../../src/localcloud/postgres/serverUser.ts";
import { temporaryHome } from "../temporaryHome.ts";

let home: Awaited<ReturnType<typeof temporaryHome>>;
let found: BinariesPackage;
let umask: number;

beforeEach(async () => {
  umask = process.umask(0o077);
  home = await temporaryHome();
  await fs.chmod(home.folder, 0o711);
  found = await findPackage();
});

afterEach(async () => {
  process.umask(umask);
  await home.remove();
});

/** A package as npm unpacks it for a careful user: no symlinks, nothing readable by others. */
async function closedPackage(): Promise<BinariesPackage> {
  const native = path.join(home.folder, "checkout", "native");
  await fs.cp(found.native, native, {
    recursive: true,
    filter: async (file) => !(await fs.lstat(file)).isSymbolicLink(),
  });
  await promisify(execFile)("chmod", ["-R", "go-rwx", path.dirname(native)]);
  return { native, version: "0.0.0-closed" };
}

describe("binaries", () => {
  test("from a closed package without symlinks they run as the server's user, whatever the umask", async () => {
    const { postgres, initdb, folder } = await installPackage(await closedPackage(), home.folder);
    for (const program of [postgres, initdb]) {
      const { stdout } = await promisify(execFile)(program, ["--version"], {
        ...serverUser(),
        env: {},
        cwd: "/",
      });
      expect(stdout).toMatch(/^\w+ \(PostgreSQL\) 18\.\d+/);
    }
    expect(await fs.readlink(path.join(folder, "lib", "libpq.so.5"))).toMatch(/^libpq\.so\.5\.\d+$/);
  });

  test("an installation that was cut off is never taken for one, and is cleared away", async () => {
    const left = path.join(home.folder, "postgresql-0.0.0-closed.6b1f4f0e-0000-4000-8000-000000000000");
    await fs.mkdir(path.join(left, "bin"), { recursive: true });
    const { folder } = await installPackage(await closedPackage(), home.folder);
    const installed = (await fs.readdir(home.folder)).filter((name) => name.startsWith("postgresql-"));
    expect(installed).toEqual([path.basename(folder)]);
  });

  test("the package itself is left as it was", async () => {
    const before = await fs.stat(path.join(found.native, "bin", "postgres"));
    await installPackage(found, home.folder);
    const after = await fs.stat(path.join(found.native, "bin", "postgres"));
    expect([after.mode, after.uid, after.size]).toEqual([before.mode, before.uid, before.size]);
  });
});

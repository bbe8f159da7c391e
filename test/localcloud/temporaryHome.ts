import * as fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { type Home, homeOf } from "../../src/localcloud/home.ts";

/** The checkout, whose stacks/Pulumi.local.yaml the local cloud reads. */
export const ROOT = path.resolve(import.meta.dirname, "../..");

/** A home of its own in a temporary folder. */
export async function temporaryHome(): Promise<Home & { remove(): Promise<void> }> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "tenantry-test-home-"));
  const home = homeOf(ROOT, folder);
  const remove = async () => {
    for (const each of [home.postgres, folder]) await fs.rm(each, { recursive: true, force: true });
  };
  return { ...home, remove };
}

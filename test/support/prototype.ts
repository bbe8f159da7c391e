import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { dataDirOf, ensureCluster, stopCluster } from "../../src/localcloud/postgres/cluster.ts";
import { findTestPort } from "./ports.ts";

/** Folder and superuser's password of a cluster that is only copied: a copy costs a quarter of an initdb. */
export interface Prototype {
  readonly dataDir: string;
  readonly password: string;
}

const VARIABLE = "TENANTRY_TEST_PROTOTYPE";

/** The one of this test run; undefined when nobody has made one. */
export function prototype(): Prototype | undefined {
  const text = process.env[VARIABLE];
  return text === undefined ? undefined : (JSON.parse(text) as Prototype);
}

/** Copies it, owners and modes included. */
export async function copyPrototype({ dataDir }: Prototype, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", dataDir, to]);
}

/** Where a server's own user can reach it. */
export const REACHABLE = process.getuid?.() === 0 ? "/var/tmp" : os.tmpdir();

/** Vitest's global setup: before any worker starts. */
export async function setup(): Promise<() => Promise<void>> {
  const place = await fs.mkdtemp(path.join(REACHABLE, `tenantry-test-prototype-${process.pid}-`));
  const password = randomBytes(18).toString("base64url");
  const order = {
    place,
    name: "prototype",
    port: await findTestPort(),
    maxConnections: 20,
    logFile: path.join(place, "server.log"),
    superuserPassword: password,
    isDurable: false,
  };
  await ensureCluster(order);
  await stopCluster(order);
  process.env[VARIABLE] = JSON.stringify({ dataDir: dataDirOf(order), password });
  return () => fs.rm(place, { recursive: true, force: true });
}

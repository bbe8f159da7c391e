import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort } from "../../src/localcloud/ports.ts";
import { ensureCluster, removeCluster, SUPERUSER } from "../../src/localcloud/postgres/cluster.ts";
import { REACHABLE } from "../../test/support/prototype.ts";

/** A PostgreSQL with nothing in it, at the same address for every engine. */
export interface CleanPostgres {
  /** Config of the provider `postgresql`, by key. */
  readonly values: Readonly<Record<"host" | "port" | "username" | "password" | "sslmode", string>>;
  stop(): Promise<void>;
}

const PASSWORD = "compared";
let port: Promise<number> | undefined;

/** Starts a server on the port that this process chose first. */
export async function startCleanPostgres(logs: string): Promise<CleanPostgres> {
  port ??= findFreePort();
  const place = await mkdtemp(join(REACHABLE, "compare-engines-pg-"));
  const order = {
    place,
    name: "clean",
    port: await port,
    maxConnections: 50,
    logFile: join(logs, "postgres.log"),
    superuserPassword: PASSWORD,
    isDurable: false,
  };
  await ensureCluster(order);
  return {
    values: {
      host: "127.0.0.1",
      port: String(await port),
      username: SUPERUSER,
      password: PASSWORD,
      sslmode: "disable",
    },
    stop: async () => {
      await removeCluster(order);
      await rm(place, { recursive: true, force: true });
    },
  };
}

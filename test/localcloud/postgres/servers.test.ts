import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import path from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Core, openCore } from "../../../src/localcloud/daemon/core.ts";
import { findPostmaster } from "../../../src/localcloud/postgres/postmaster.ts";
import { serverUser } from "../../../src/localcloud/postgres/serverUser.ts";
import { scramVerifier } from "../../../src/postgres/index.ts";
import { ROOT, temporaryHome } from "../temporaryHome.ts";

const PASSWORD = `canary-${randomBytes(9).toString("hex")}`;
const LOGIN = 'odd"admin';

let home: Awaited<ReturnType<typeof temporaryHome>>;
let core: Core;

beforeAll(async () => {
  process.env.TENANTRY_LOCAL_FAST = "1";
  home = await temporaryHome();
  core = await openCore(home, ROOT);
});

afterAll(async () => {
  await core.clusters.close();
  await core.store.close();
  await home.remove();
});

async function order(password = PASSWORD) {
  return { adminLogin: LOGIN, adminVerifier: await scramVerifier(password), maxConnections: 37 };
}

async function query(port: number, sql: string, password = PASSWORD): Promise<unknown[]> {
  const client = new pg.Client({ host: "127.0.0.1", port, user: LOGIN, password, database: "postgres" });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

function pidOf(name: string): Promise<number | undefined> {
  return findPostmaster(path.join(home.postgres, "data", name)).then((found) => found?.pid);
}

/** A process that has ended and whose parent, an `exec`ed `sleep`, never asks for it. */
async function unreapedChild(
  user: ReturnType<typeof serverUser>,
): Promise<{ parent: ChildProcess; pid: number }> {
  const script = "sleep 0.3 & echo $!; exec sleep 300";
  const parent = spawn("/bin/sh", ["-c", script], { ...user, stdio: ["ignore", "pipe", "ignore"], cwd: "/" });
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once("data", (text) => resolve(Number(text))),
  );
  await expect.poll(() => fs.readFile(`/proc/${pid}/stat`, "utf8")).toMatch(/\) Z /);
  return { parent, pid };
}

describe("PostgreSQL servers", () => {
  test("ten orders of one server at once make one, on loopback, with the asked connections and SCRAM", async () => {
    const addresses = await Promise.all(
      Array.from({ length: 10 }, async () => core.context.postgres.ensure("db-01", await order())),
    );
    const [{ port, version } = { port: 0, version: "" }] = addresses;
    expect(new Set(addresses.map((each) => JSON.stringify(each))).size).toBe(1);
    expect(version).toMatch(/^18\.\d+$/);
    const sql = `select current_setting('max_connections') as connections, current_setting('listen_addresses') as listens,
      current_setting('password_encryption') as encryption, current_setting('log_statement') as logged`;
    expect(await query(port, sql)).toEqual([
      { connections: "37", listens: "127.0.0.1", encryption: "scram-sha-256", logged: "none" },
    ]);
    expect(await core.context.postgres.running()).toEqual([
      { name: "db-01", host: "127.0.0.1", port, version },
    ]);
  });

  test("its admin can make databases and roles and is nothing more", async () => {
    const { port } = await core.context.postgres.ensure("db-01", await order());
    const sql = `select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls from pg_roles where rolname = current_user`;
    expect(await query(port, sql)).toEqual([
      { rolsuper: false, rolcreatedb: true, rolcreaterole: true, rolreplication: false, rolbypassrls: false },
    ]);
    await expect(query(port, "alter system set max_connections = 1")).rejects.toMatchObject({
      code: "42501",
    });
    await expect(query(port, "copy (select 1) to program 'true'")).rejects.toMatchObject({ code: "42501" });
  });

  test("a changed password is the one that logs in", async () => {
    const { port } = await core.context.postgres.ensure("db-01", await order("another"));
    await expect(query(port, "select 1")).rejects.toMatchObject({ code: "28P01" });
    expect(await query(port, "select 1 as one", "another")).toEqual([{ one: 1 }]);
    await core.context.postgres.ensure("db-01", await order());
  });

  test("the server runs as nobody special, and its files are closed to others", async () => {
    const pid = await pidOf("db-01");
    const user = serverUser();
    const status = await fs.readFile(`/proc/${pid}/status`, "utf8");
    const [uid, groups] = [/^Uid:\t(\d+)/m.exec(status)?.[1], /^Groups:\t(.*)$/m.exec(status)?.[1]?.trim()];
    expect(Number(uid)).toBe(user?.uid ?? process.getuid?.());
    if (user !== undefined) expect(groups).toBe("");
    expect((await fs.stat(home.postgres)).mode & 0o777).toBe(0o700);
    expect((await fs.stat(path.join(home.postgres, "data", "db-01"))).mode & 0o777).toBe(0o700);
  });

  test("neither its log nor any file or command line holds a clear password", async () => {
    const { port } = await core.context.postgres.ensure("db-01", await order());
    await expect(query(port, "select broken")).rejects.toThrow();
    for (const folder of [home.folder, home.postgres]) {
      for (const entry of await fs.readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || entry.parentPath.includes("/postgresql-")) continue;
        const file = path.join(entry.parentPath, entry.name);
        expect((await fs.readFile(file)).includes(PASSWORD), file).toBe(false);
      }
    }
    const commandLine = await fs.readFile(`/proc/${await pidOf("db-01")}/cmdline`, "utf8");
    expect(commandLine).not.toContain(PASSWORD);
  });

  test("a new daemon takes a running server as it is, and starts one that ended, with all its data", async () => {
    const { port } = await core.context.postgres.ensure("db-01", await order());
    await query(port, "create database kept");
    const before = await pidOf("db-01");
    await core.store.close();
    core = await openCore(home, ROOT);
    await core.clusters.start();
    expect(await pidOf("db-01")).toBe(before);
    process.kill(before!, "SIGKILL");
    await expect.poll(() => pidOf("db-01")).toBeUndefined();
    await core.clusters.start();
    expect(await pidOf("db-01")).not.toBe(before);
    expect(await query(port, "select datname from pg_database where datname = 'kept'")).toEqual([
      { datname: "kept" },
    ]);
  });

  test("a killed server whose process nobody reaps comes back, with its data", async () => {
    const { port } = await core.context.postgres.ensure("db-01", await order());
    const pid = await pidOf("db-01");
    process.kill(pid!, "SIGKILL");
    await expect.poll(() => pidOf("db-01")).toBeUndefined();
    const file = path.join(home.postgres, "data", "db-01", "postmaster.pid");
    const zombie = await unreapedChild(serverUser());
    await fs.writeFile(file, (await fs.readFile(file, "utf8")).replace(/^\d+/, String(zombie.pid)));
    await core.clusters.start();
    expect(await query(port, "select datname from pg_database where datname = 'kept'")).toEqual([
      { datname: "kept" },
    ]);
    zombie.parent.kill("SIGKILL");
  });

  test("a removed server is gone with its data and port; removing again is done", async () => {
    await core.context.postgres.ensure("db-02", await order());
    const pid = await pidOf("db-02");
    await core.context.postgres.remove("db-02");
    await core.context.postgres.remove("db-02");
    expect(await pidOf("db-02")).toBeUndefined();
    await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
    expect(await fs.readdir(path.join(home.postgres, "data"))).toEqual(["db-01"]);
    expect((await core.context.postgres.running()).map(({ name }) => name)).toEqual(["db-01"]);
  });

  test("a name that is no server's name is refused", async () => {
    await expect(core.context.postgres.ensure("../x", await order())).rejects.toThrow(
      "'../x' is not a PostgreSQL server's name.",
    );
  });

  test("a kept port that another program has taken is said so", async () => {
    const { port } = await core.context.postgres.ensure("db-03", await order());
    await core.clusters.close();
    const { createServer } = await import("node:net");
    const other = createServer().listen(port, "127.0.0.1");
    await expect(core.clusters.start()).rejects.toMatchObject({
      code: "E_UNREACHABLE",
      message: `The local cloud's PostgreSQL server 'db-03' listens on 127.0.0.1:${port}, which another program has taken.`,
    });
    await new Promise((resolve) => other.close(resolve));
    await core.clusters.start();
  });
});

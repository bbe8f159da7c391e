import { readFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Client,
  close,
  connect,
  explainPostgresError,
  formatPostgresUrl,
  parsePostgresUrl,
  tenantLockKey,
  withAdvisoryLock,
  withTransaction,
} from "../../src/postgres/index.ts";
import { startTestPostgres, type TestPostgres } from "../support/postgres.ts";
import { thrownBy } from "./support.ts";

let server: TestPostgres;

beforeAll(async () => {
  server = await startTestPostgres({ maxConnections: 12 });
});

afterAll(async () => {
  await server.stop();
});

const ONCE = { applicationName: "test", retryBudgetMs: 0 };

/** Listens on loopback and does this with every connection. */
async function listen(
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; end: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const end = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => listener.close(() => resolve()));
  };
  return { port: (listener.address() as { port: number }).port, end };
}

const at = (port: number, password = "canary-secret") =>
  formatPostgresUrl({ ...parsePostgresUrl(server.adminUrl), port, password });

describe("connect", () => {
  test("says what is wrong without the password", async () => {
    const wrongPassword = await thrownBy(connect(at(server.port), ONCE));
    expect(wrongPassword.problem).toBe("login-refused");
    expect(wrongPassword.message).toBe(
      `127.0.0.1:${server.port}/postgres as tenantry_admin: password authentication failed for user "tenantry_admin"`,
    );
    const listener = await listen(() => undefined);
    await listener.end();
    const away = await thrownBy(connect(at(listener.port), ONCE));
    expect([away.problem, away.code]).toEqual(["unreachable", "ECONNREFUSED"]);
    for (const error of [wrongPassword, away]) expect(JSON.stringify(deep(error))).not.toContain("canary");
  });

  test("gives up on a server that accepts and never answers (F37)", async () => {
    const hole = await listen(() => undefined);
    const error = await thrownBy(connect(at(hole.port), { ...ONCE, connectTimeoutMs: 200 }));
    expect(error.problem).toBe("unreachable");
    await hole.end();
  });

  test("a query on a server that stops answering ends with its limit (F37)", async () => {
    const client = await connect(server.adminUrl, { ...ONCE, queryTimeoutMs: 100 });
    expect((await thrownBy(client.query("SELECT pg_sleep(5)"))).message).toMatch(/timeout/i);
    client.end();
  });

  // /proc/net/tcp tells a socket's timer (02: keep-alive) and when it ends, in hundredths of a second (proc_net_tcp.txt).
  test.skipIf(process.platform !== "linux")(
    "a server whose machine is gone is noticed while a statement waits, within a minute (F37; reads /proc)",
    async () => {
      const client = await connect(server.adminUrl, ONCE);
      const port = server.port.toString(16).toUpperCase().padStart(4, "0");
      const table = await readFile("/proc/net/tcp", "utf8");
      const timers = table.split("\n").flatMap((line) => {
        const [, , remote, , , timer] = line.trim().split(/\s+/);
        return remote?.endsWith(`:${port}`) && timer?.startsWith("02:")
          ? [Number.parseInt(timer.slice(3), 16)]
          : [];
      });
      expect(timers.some((hundredths) => hundredths <= 3_000)).toBe(true);
      await close(client);
    },
  );

  test("knocks until a slot is free (F24)", async () => {
    const holders: Client[] = [];
    let full: (Error & Record<string, unknown>) | undefined;
    while (full === undefined && holders.length < 20)
      await connect(server.adminUrl, ONCE).then(
        (client) => holders.push(client),
        (error) => {
          full = error;
        },
      );
    expect([full?.problem, full?.code]).toEqual(["no-connection-free", "53300"]);
    const waiting = connect(server.adminUrl, { applicationName: "patient", retryBudgetMs: 20_000 });
    await Promise.all(holders.map(close));
    await close(await waiting);
  });

  test("a connection that dies while idle doesn't end the process", async () => {
    const idle = await connect(server.adminUrl, ONCE);
    const other = await connect(server.adminUrl, ONCE);
    const { pid } = (await idle.query("SELECT pg_backend_pid() AS pid")).rows[0];
    const dead = new Promise<void>((resolve) => idle.once("end", resolve));
    await other.query("SELECT pg_terminate_backend($1)", [pid]);
    await dead;
    const error = explainPostgresError(await thrownBy(idle.query("SELECT 1")), "db-01");
    expect(error.problem).toBe("unreachable");
    await Promise.all([idle, other].map(close));
  });
});

describe("transactions", () => {
  test("are rolled back when the body throws, and the first error is told", async () => {
    const client = await connect(server.adminUrl, ONCE);
    await client.query("CREATE TEMP TABLE t (a int)");
    const failing = withTransaction(client, async () => {
      await client.query("INSERT INTO t VALUES (1)");
      throw new Error("first");
    });
    expect((await thrownBy(failing)).message).toBe("first");
    expect((await client.query("SELECT * FROM t")).rows).toEqual([]);
    await close(client);
  });
});

describe("advisory locks", () => {
  test("one holder at a time; the other is told who, and may wait", async () => {
    const [one, two] = await Promise.all([
      connect(server.adminUrl, { ...ONCE, applicationName: "run on build-7" }),
      connect(server.adminUrl, ONCE),
    ]);
    const key = tenantLockKey("acme");
    let isHeld = false;
    let release: () => void = () => undefined;
    const holding = withAdvisoryLock(one, key, () => {
      isHeld = true;
      return new Promise<void>((resolve) => {
        release = resolve;
      });
    });
    while (!isHeld) await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await thrownBy(withAdvisoryLock(two, key, async () => "never"));
    expect(refused.holder).toMatchObject({ applicationName: "run on build-7", address: "127.0.0.1" });
    const waiting = withAdvisoryLock(two, key, async () => "mine", { waitMs: 5_000, pollMs: 10 });
    await withAdvisoryLock(two, tenantLockKey("other"), async () => undefined);
    release();
    expect(await waiting).toBe("mine");
    await holding;
    await Promise.all([one, two].map(close));
  });

  test("a holder that dies lets go (F3)", async () => {
    const [one, two] = await Promise.all([connect(server.adminUrl, ONCE), connect(server.adminUrl, ONCE)]);
    const { pid } = (await one.query("SELECT pg_backend_pid() AS pid")).rows[0];
    const holding = withAdvisoryLock(one, "k", async () => {
      await two.query("SELECT pg_terminate_backend($1)", [pid]);
      await withAdvisoryLock(two, "k", async () => undefined, { waitMs: 5_000, pollMs: 10 });
    });
    await holding;
    await Promise.all([one, two].map(close));
  });

  test("through a pooler that hands out other sessions it is refused (F32)", async () => {
    const client = await connect(server.adminUrl, ONCE);
    // What a pooler does: the process id of the login is not the session's.
    Object.defineProperty(client, "processID", { value: 1 });
    expect((await thrownBy(withAdvisoryLock(client, "k", async () => undefined))).name).toBe("PoolerError");
    const { rows } = await client.query("SELECT FROM pg_locks WHERE locktype = 'advisory'");
    expect(rows).toEqual([]);
    await close(client);
  });
});

/** Everything an error carries, its causes too. */
function deep(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return { ...error, message: error.message, stack: error.stack, cause: deep(error.cause) };
}

import { readFile } from "node:fs/promises";
import { connect as connectSocket, createServer, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  close,
  connect,
  dropTenantDatabase,
  ensureTenantDatabase,
  formatPostgresUrl,
  isConnectionLoss,
  observeDatabase,
  parsePostgresUrl,
  type ServerAdmin,
  scramVerifier,
  type TenantDatabase,
  withTransaction,
} from "../../src/postgres/index.ts";
import { findTestPort } from "../support/ports.ts";
import type { TestPostgres } from "../support/postgres.ts";
import {
  makeRole,
  newTenant,
  openAdmin,
  PASSWORD,
  startTenantServer,
  type TenantServer,
  tenantUrl,
  thrownBy,
} from "./support.ts";

let fixture: TenantServer;
let server: TestPostgres;
let admin: ServerAdmin;

beforeAll(async () => {
  fixture = await startTenantServer();
  ({ server, admin } = fixture);
});

afterAll(async () => {
  await fixture.stop();
});

interface Proxy {
  readonly url: string;
  /** Settles when the server has answered what it got last, though nobody hears it. */
  readonly answered: Promise<void>;
  end(): Promise<void>;
}

/** Sits between client and server and cuts the client off as soon as this text was passed on to the server. */
async function proxyThatCuts(after: string, port = 0): Promise<Proxy> {
  const sockets: Socket[] = [];
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const proxy = createServer((client) => {
    const upstream = connectSocket(server.port, "127.0.0.1");
    let isCut = false;
    sockets.push(client, upstream);
    for (const socket of [client, upstream]) socket.on("error", () => socket.destroy());
    upstream.on("data", (data) => (isCut ? answer() : client.write(data)));
    upstream.on("close", () => client.destroy());
    client.on("data", (data) => {
      isCut = after !== "" && data.includes(after);
      upstream.write(data);
      if (isCut) client.destroy();
    });
  });
  await new Promise<void>((resolve) => proxy.listen(port, "127.0.0.1", resolve));
  const address = proxy.address() as { port: number };
  return {
    url: formatPostgresUrl({ ...parsePostgresUrl(server.adminUrl), port: address.port }),
    answered,
    end: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => proxy.close(() => resolve()));
    },
  };
}

describe("a connection that is cut when the outcome is unknown", () => {
  const cutting = async (statement: string, tenant: TenantDatabase) => {
    await makeRole(admin.client, tenant);
    const proxy = await proxyThatCuts(statement);
    const cut = { ...(await openAdmin(proxy.url)), url: server.adminUrl };
    const error = await thrownBy(ensureTenantDatabase(cut, tenant, { template: fixture.template }));
    expect(isConnectionLoss(error)).toBe(true);
    return proxy;
  };
  const databasesOf = async (tenant: TenantDatabase) =>
    (
      await admin.client.query("SELECT datname FROM pg_database WHERE datname ~ $1 OR datname = $2::text", [
        tenant.marker.tenantId.replaceAll("-", ""),
        tenant.database,
      ])
    ).rows.map((row) => row.datname);

  test.each([
    ["CREATE DATABASE", "created"],
    ["COMMENT ON DATABASE", "created"],
    ["RENAME TO", "adopted"],
  ])(
    "after %s was sent: the next run finds out and there is one database (F12)",
    async (statement, outcome) => {
      const tenant = newTenant(`cut-${statement.split(" ")[0]?.toLowerCase()}`);
      const proxy = await cutting(statement, tenant);
      await proxy.answered;
      expect(await ensureTenantDatabase(admin, tenant, { template: fixture.template })).toBe(outcome);
      expect(await databasesOf(tenant)).toEqual([tenant.database]);
      await proxy.end();
    },
  );

  test.each(["CREATE DATABASE", "RENAME TO"])(
    "while %s still runs: the next run ends with one database, whoever comes first (F3)",
    async (statement) => {
      const tenant = newTenant(`race-${statement.split(" ")[0]?.toLowerCase()}`);
      const proxy = await cutting(statement, tenant);
      await ensureTenantDatabase(admin, tenant, { template: fixture.template });
      await proxy.answered;
      await ensureTenantDatabase(admin, tenant, { template: fixture.template });
      expect(await databasesOf(tenant)).toEqual([tenant.database]);
      await proxy.end();
    },
  );

  test("after DROP DATABASE was sent: the next run is done", async () => {
    const tenant = await fixture.provision("cut-drop");
    const proxy = await proxyThatCuts('DROP DATABASE "tenant_cut-drop"');
    const cut = await openAdmin(proxy.url);
    expect(isConnectionLoss(await thrownBy(dropTenantDatabase(cut.client, tenant)))).toBe(true);
    await dropTenantDatabase(admin.client, tenant);
    await proxy.answered;
    expect(await observeDatabase(admin.client, tenant.database)).toBeUndefined();
    await proxy.end();
  });

  test("after COMMIT was sent: the error says so and the work is done", async () => {
    const proxy = await proxyThatCuts("COMMIT");
    const cut = await openAdmin(proxy.url);
    const body = () => cut.client.query("CREATE ROLE made_before_the_cut");
    expect(isConnectionLoss(await thrownBy(withTransaction(cut.client, body)))).toBe(true);
    await proxy.answered;
    const { rowCount } = await admin.client.query(
      "SELECT FROM pg_roles WHERE rolname = 'made_before_the_cut'",
    );
    expect(rowCount).toBe(1);
    await proxy.end();
  });
});

describe("a server that is away", () => {
  test("is knocked at until it is back (F23)", async () => {
    // None that the system hands to others meanwhile.
    const port = await findTestPort();
    const first = await proxyThatCuts("", port);
    await first.end();
    const waiting = connect(first.url, { applicationName: "patient", retryBudgetMs: 10_000 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const back = await proxyThatCuts("", port);
    await close(await waiting);
    await back.end();
  });
});

describe("secrets", () => {
  test("no password reaches the server's log, with every statement logged, also when statements fail (F44)", async () => {
    await fixture.root.client.query("ALTER SYSTEM SET log_statement = 'all'");
    await fixture.root.client.query("SELECT pg_reload_conf()");
    while ((await fixture.root.client.query("SHOW log_statement")).rows[0].log_statement !== "all");
    const tenant = await fixture.provision("logged");
    await close(
      await connect(tenantUrl(server.adminUrl, tenant), { applicationName: "ok", retryBudgetMs: 0 }),
    );
    const failing = `CREATE ROLE "${tenant.role}" PASSWORD '${await scramVerifier(PASSWORD)}'`;
    expect((await thrownBy(admin.client.query(failing))).code).toBe("42710");
    await thrownBy(
      connect(tenantUrl(server.adminUrl, { ...tenant, role: "nobody" }), {
        applicationName: "no",
        retryBudgetMs: 0,
      }),
    );
    const { rows } = await fixture.root.client.query("SELECT current_setting('data_directory') AS data");
    const log = await serverLog(rows[0].data);
    expect(log).toContain("CREATE ROLE");
    expect(log).toContain("already exists");
    for (const form of [
      PASSWORD,
      encodeURIComponent(PASSWORD),
      Buffer.from(PASSWORD).toString("base64"),
      "wörd",
    ])
      expect(log).not.toContain(form);
    await fixture.root.client.query("ALTER SYSTEM RESET log_statement");
  });
});

/** The test server writes its log beside its data. */
async function serverLog(dataDirectory: string): Promise<string> {
  const places = [dirname(dataDirectory), dirname(dirname(dataDirectory))].map((folder) =>
    join(folder, "server.log"),
  );
  for (const place of places) {
    try {
      return await readFile(place, "utf8");
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOENT");
    }
  }
  throw new Error(`no server.log beside ${dataDirectory}`);
}

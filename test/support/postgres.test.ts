import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestPostgres, type TestPostgres } from "./postgres.ts";

let server: TestPostgres;

beforeAll(async () => {
  server = await startTestPostgres();
});

afterAll(async () => {
  await server.stop();
});

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test("the product's admin may make databases and roles and is no superuser", async () => {
  const sql =
    "select rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin from pg_roles where rolname = current_user";
  expect(await query(server.adminUrl, sql)).toEqual([
    {
      rolname: "tenantry_admin",
      rolsuper: false,
      rolcreatedb: true,
      rolcreaterole: true,
      rolreplication: false,
      rolbypassrls: false,
      rolcanlogin: true,
    },
  ]);
});

test("the server is version 18 and listens on loopback only", async () => {
  const sql =
    "select current_setting('server_version_num')::int / 10000 as major, current_setting('listen_addresses') as listens, current_setting('unix_socket_directories') as sockets";
  expect(await query(server.superuserUrl, sql)).toEqual([{ major: 18, listens: "127.0.0.1", sockets: "" }]);
});

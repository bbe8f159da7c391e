import { expect, test } from "vitest";
import type { State } from "./pluginClient.ts";
import { DATABASE, GRANT, postgresBench, query, ROLE, SCHEMA, urlFor } from "./postgresBench.ts";

const bench = postgresBench();
const sql = (text: string, url = bench.postgres.superuserUrl) => query(url, text);

test("a grant gives exactly its privileges, is idempotent, and shows what changed by hand", async () => {
  await bench.client.make(ROLE, { name: "role_a" });
  await bench.client.make(DATABASE, { name: "db_a" });
  const closed = await bench.client.make(GRANT, {
    database: "db_a",
    role: "public",
    objectType: "database",
    privileges: [],
  });
  const state = await bench.client.make(GRANT, {
    database: "db_a",
    role: "role_a",
    objectType: "database",
    privileges: ["TEMPORARY", "CONNECT"],
  });
  expect([closed.id, state.id]).toEqual(["public_db_a_database", "role_a_db_a_database"]);
  const may =
    "SELECT has_database_privilege('role_a', 'db_a', 'CONNECT') AS connect, has_database_privilege('role_a', 'db_a', 'CREATE') AS create";
  expect(await sql(may)).toEqual([{ connect: true, create: false }]);
  expect((await bench.client.make(GRANT, state.inputs)).id).toBe(state.id);
  await sql("REVOKE CONNECT ON DATABASE db_a FROM role_a");
  await sql("GRANT CREATE ON DATABASE db_a TO role_a");
  const read = (await bench.client.read(GRANT, state.id, state)) as State;
  expect(read.inputs.privileges).toEqual(["CREATE", "TEMPORARY"]);
  const { changes } = await bench.client.diff(GRANT, read, state.inputs);
  expect(Object.keys(changes)).toEqual(["privileges[0]"]);
  await bench.client.update(GRANT, read, state.inputs);
  expect(await sql(may)).toEqual([{ connect: true, create: false }]);
  await bench.client.delete(GRANT, state);
  expect(await sql(may)).toEqual([{ connect: false, create: false }]);
});

test("the order of privileges is no difference, another role replaces", async () => {
  await bench.client.make(ROLE, { name: "role_a" });
  await bench.client.make(DATABASE, { name: "db_a" });
  const state = await bench.client.make(GRANT, {
    database: "db_a",
    role: "role_a",
    objectType: "database",
    privileges: ["CONNECT", "CREATE"],
  });
  expect(
    (await bench.client.diff(GRANT, state, { ...state.inputs, privileges: ["CREATE", "CONNECT"] })).changes,
  ).toEqual({});
  expect((await bench.client.diff(GRANT, state, { ...state.inputs, role: "role_b" })).changes).toEqual({
    role: "update replace",
  });
});

test("a grant that PostgreSQL would leave without effect is an error", async () => {
  await bench.client.make(ROLE, { name: "role_owner" });
  await bench.client.make(DATABASE, { name: "db_a", owner: "role_owner" });
  const grant = { database: "db_a", role: "public", objectType: "database", privileges: [] };
  await expect(bench.client.make(GRANT, grant)).rejects.toThrow(
    '"REVOKE ALL PRIVILEGES ON DATABASE "db_a" FROM PUBLIC" had no effect',
  );
});

test("grants reach schemas, all tables of a schema and named tables", async () => {
  await bench.client.make(ROLE, { name: "role_a" });
  await bench.client.make(DATABASE, { name: "db_a" });
  await bench.client.make(SCHEMA, { name: "app", database: "db_a" });
  const inside = urlFor(bench.postgres.adminUrl, { database: "db_a" });
  await sql("CREATE TABLE app.one (a int)", inside);
  await sql("CREATE TABLE app.two (a int)", inside);
  const base = { database: "db_a", role: "role_a", schema: "app" };
  const grants = [
    await bench.client.make(GRANT, { ...base, objectType: "schema", privileges: ["USAGE"] }),
    await bench.client.make(GRANT, {
      ...base,
      objectType: "table",
      objects: ["one"],
      privileges: ["SELECT"],
    }),
    await bench.client.make(GRANT, { ...base, objectType: "table", privileges: ["INSERT", "SELECT"] }),
  ];
  expect(grants.map(({ id }) => id)).toEqual([
    "role_a_db_a_app_schema",
    "role_a_db_a_app_table_one",
    "role_a_db_a_app_table",
  ]);
  const may = "SELECT has_table_privilege('role_a', 'app.two', 'INSERT') AS yes";
  expect(await sql(may, inside)).toEqual([{ yes: true }]);
  await sql("REVOKE INSERT ON app.two FROM role_a", inside);
  const third = grants[2] as State;
  expect((await bench.client.read(GRANT, third.id, third))?.inputs.privileges).toEqual(["SELECT"]);
});

test("a schema has its owner, and is not dropped while it holds something", async () => {
  await bench.client.make(ROLE, { name: "role_a" });
  await bench.client.make(DATABASE, { name: "db_a", owner: "role_a" });
  const state = await bench.client
    .make(SCHEMA, { name: "app", database: "db_a" })
    .catch((error: Error) => error.message);
  expect(state).toBe("permission denied for database db_a");
  await sql("GRANT CREATE ON DATABASE db_a TO tenantry_admin");
  const made = await bench.client.make(SCHEMA, { name: "app", database: "db_a", owner: "role_a" });
  expect([made.id, made.outputs.owner]).toEqual(["db_a.app", "role_a"]);
  await sql("CREATE TABLE app.one (a int)", urlFor(bench.postgres.superuserUrl, { database: "db_a" }));
  await expect(bench.client.delete(SCHEMA, made)).rejects.toThrow(
    "cannot drop schema app because other objects depend on it",
  );
  await bench.client.delete(SCHEMA, { ...made, outputs: { ...made.outputs, dropCascade: true } });
  expect(await bench.client.read(SCHEMA, made.id, made)).toBeUndefined();
});

test("twenty grants at once on one database all succeed", async () => {
  await bench.client.make(DATABASE, { name: "db_a" });
  const names = Array.from({ length: 20 }, (_, index) => `role_${index}`);
  await Promise.all(names.map((name) => bench.client.make(ROLE, { name })));
  await Promise.all(
    names.map((role) =>
      bench.client.make(GRANT, { database: "db_a", role, objectType: "database", privileges: ["CONNECT"] }),
    ),
  );
  expect(
    await sql(
      "SELECT count(*)::int AS n FROM pg_database, aclexplode(datacl) WHERE datname = 'db_a' AND grantee <> 0 AND privilege_type = 'CONNECT'",
    ),
  ).toEqual([{ n: 21 }]);
});

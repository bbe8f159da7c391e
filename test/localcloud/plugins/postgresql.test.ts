import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import pg from "pg";
import { expect, test } from "vitest";
import { startTestPostgres } from "../../support/postgres.ts";
import { SOON } from "../arm/harness.ts";
import { PluginClient, type State, secret, UNKNOWN } from "./pluginClient.ts";
import { DATABASE, GRANT, plain, postgresBench, query, ROLE, settingsOf, urlFor } from "./postgresBench.ts";

const bench = postgresBench();
const sql = (text: string, url = bench.postgres.superuserUrl) => query(url, text);
const CANARY = "canary-P4ss%'word\\";

test("a role logs in with its password, which is secret and known to the server as a verifier only", async () => {
  const state = await bench.client.make(ROLE, { name: "role_a", login: true, password: CANARY });
  expect(state.id).toBe("role_a");
  expect(state.outputs).toMatchObject({
    name: "role_a",
    login: true,
    connectionLimit: -1,
    inherit: true,
    validUntil: "infinity",
    password: secret(CANARY),
  });
  expect(
    await sql(
      "SELECT current_user::text AS me",
      urlFor(bench.postgres.adminUrl, { user: "role_a", password: CANARY }),
    ),
  ).toEqual([{ me: "role_a" }]);
  const [row] = await sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'role_a'");
  expect(row?.rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
});

test("a role or database that is there is never adopted", async () => {
  await sql("CREATE ROLE role_theirs");
  await sql("CREATE DATABASE db_theirs");
  await expect(bench.client.make(ROLE, { name: "role_theirs", password: CANARY })).rejects.toThrow(
    'role "role_theirs" already exists',
  );
  await expect(bench.client.make(DATABASE, { name: "db_theirs" })).rejects.toThrow(
    'database "db_theirs" already exists',
  );
});

test("a role changes in place: name, password and attributes", async () => {
  const state = plain(await bench.client.make(ROLE, { name: "role_a", login: true, password: "one" }));
  const news = { ...state.inputs, name: "role_b", password: "two", connectionLimit: 3, createRole: true };
  expect(await bench.client.diff(ROLE, state, news)).toEqual({
    changes: { connectionLimit: "update", createRole: "update", name: "update", password: "update" },
    deleteBeforeReplace: false,
  });
  const updated = plain(await bench.client.update(ROLE, state, news));
  expect(
    await sql(
      "SELECT current_user::text AS me",
      urlFor(bench.postgres.adminUrl, { user: "role_b", password: "two" }),
    ),
  ).toEqual([{ me: "role_b" }]);
  expect((await bench.client.read(ROLE, state.id, updated))?.outputs).toMatchObject({
    name: "role_b",
    connectionLimit: 3,
    createRole: true,
  });
  await bench.client.delete(ROLE, updated);
  expect(await sql("SELECT 1 FROM pg_roles WHERE rolname = 'role_b'")).toEqual([]);
});

test("a refresh shows what changed by hand, and the next plan takes it back", async () => {
  const state = plain(await bench.client.make(ROLE, { name: "role_a", password: "x" }));
  expect((await bench.client.read(ROLE, "role_a", state))?.inputs).toEqual(state.inputs);
  await sql("ALTER ROLE role_a LOGIN CONNECTION LIMIT 7");
  const read = plain((await bench.client.read(ROLE, "role_a", state)) as State);
  expect(read.inputs).toEqual({ ...state.inputs, login: true, connectionLimit: 7 });
  expect((await bench.client.diff(ROLE, read, state.inputs)).changes).toEqual({
    connectionLimit: "update",
    login: "update",
  });
  await sql("DROP ROLE role_a");
  expect(await bench.client.read(ROLE, "role_a", state)).toBeUndefined();
  await bench.client.delete(ROLE, state);
});

test("state that the official plugin wrote makes no difference", async () => {
  const state = plain(await bench.client.make(ROLE, { name: "role_a", password: "x" }));
  const official = {
    ...state,
    inputs: { ...state.inputs, __defaults: ["connectionLimit"] },
    outputs: {
      ...state.outputs,
      __pulumi_raw_state_delta: { obj: {} },
      assumeRole: "",
      statementTimeout: 0,
      searchPaths: [],
    },
  };
  expect((await bench.client.diff(ROLE, official, state.inputs)).changes).toEqual({});
});

test("an imported role lacks only its password, which the next update sets", async () => {
  await sql("CREATE ROLE role_a LOGIN");
  const imported = (await bench.client.read(ROLE, "role_a")) as State;
  expect(imported.inputs).toEqual({ name: "role_a", login: true });
  const { inputs: news } = await bench.client.check(ROLE, { ...imported.inputs, password: "x" });
  expect((await bench.client.diff(ROLE, imported, news)).changes).toEqual({ password: "add" });
});

test("roles are members of what they are told", async () => {
  await bench.client.make(ROLE, { name: "role_group" });
  const state = await bench.client.make(ROLE, { name: "role_a", roles: ["role_group"] });
  const member = "SELECT pg_has_role('role_a', 'role_group', 'MEMBER') AS yes";
  expect(await sql(member)).toEqual([{ yes: true }]);
  await bench.client.update(ROLE, state, { ...state.inputs, roles: [] });
  expect(await sql(member)).toEqual([{ yes: false }]);
});

test("a database belongs to its owner, and the admin keeps no membership", async () => {
  await bench.client.make(ROLE, { name: "role_owner" });
  const state = await bench.client.make(DATABASE, { name: "db_a", owner: "role_owner" });
  expect(state.outputs).toEqual({
    id: "db_a",
    name: "db_a",
    owner: "role_owner",
    template: "template0",
    encoding: "UTF8",
    lcCollate: "C",
    lcCtype: expect.any(String),
    connectionLimit: -1,
    allowConnections: true,
    isTemplate: false,
    tablespaceName: "pg_default",
    alterObjectOwnership: false,
  });
  expect(await sql("SELECT pg_has_role('tenantry_admin', 'role_owner', 'SET') AS yes")).toEqual([
    { yes: false },
  ]);
  expect((await bench.client.diff(DATABASE, state, state.inputs)).changes).toEqual({});
});

test("a database changes in place but for its template and locale, which replace after a delete", async () => {
  await bench.client.make(ROLE, { name: "role_a" });
  await bench.client.make(ROLE, { name: "role_b" });
  const state = await bench.client.make(DATABASE, { name: "db_a", owner: "role_a" });
  const updated = await bench.client.update(DATABASE, state, {
    ...state.inputs,
    owner: "role_b",
    connectionLimit: 3,
  });
  expect(updated.outputs).toMatchObject({ owner: "role_b", connectionLimit: 3 });
  expect(await bench.client.diff(DATABASE, state, { ...state.inputs, lcCollate: "POSIX" })).toEqual({
    changes: { lcCollate: "update replace" },
    deleteBeforeReplace: true,
  });
  await sql("ALTER DATABASE db_a CONNECTION LIMIT 9");
  expect((await bench.client.read(DATABASE, "db_a", updated))?.inputs).toMatchObject({
    connectionLimit: 9,
    owner: "role_b",
  });
});

test("a database is deleted although its owner is connected, and a missing one is done", async () => {
  await bench.client.make(ROLE, { name: "role_a", login: true, password: "x" });
  const state = await bench.client.make(DATABASE, { name: "db_a", owner: "role_a" });
  const session = new pg.Client(
    urlFor(bench.postgres.adminUrl, { user: "role_a", password: "x", database: "db_a" }),
  );
  const ended = new Promise((resolve) => session.on("error", resolve));
  await session.connect();
  await bench.client.delete(DATABASE, state);
  await ended;
  expect(await bench.client.read(DATABASE, "db_a", state)).toBeUndefined();
  await bench.client.delete(DATABASE, state);
});

test("previews touch nothing", async () => {
  const role = await bench.client.create(ROLE, { name: "role_a", password: UNKNOWN }, true);
  expect([role.id, role.outputs.password]).toEqual(["", UNKNOWN]);
  expect((await bench.client.create(DATABASE, { name: "db_a" }, true)).outputs).toMatchObject({
    name: "db_a",
    owner: UNKNOWN,
  });
  await bench.client.create(
    GRANT,
    { database: "db_a", role: "role_a", objectType: "database", privileges: ["CONNECT"] },
    true,
  );
  expect(
    await sql(
      "SELECT 1 FROM pg_roles WHERE rolname = 'role_a' UNION SELECT 1 FROM pg_database WHERE datname = 'db_a'",
    ),
  ).toEqual([]);
});

test("two provider instances on one attached plugin each work on their own server", async () => {
  const other = await startTestPostgres();
  const second = new PluginClient(bench.server.port);
  try {
    await second.configure(settingsOf(other.adminUrl));
    const roles = Array.from({ length: 5 }, (_, index) => index);
    await Promise.all(
      roles.flatMap((index) => [
        bench.client.make(ROLE, { name: `role_${index}` }),
        second.make(ROLE, { name: `role_other_${index}` }),
      ]),
    );
    const names =
      "SELECT string_agg(rolname, ',' ORDER BY rolname) AS names FROM pg_roles WHERE rolname LIKE 'role\\_%'";
    expect(await sql(names)).toEqual([{ names: roles.map((index) => `role_${index}`).join() }]);
    expect(await sql(names, other.superuserUrl)).toEqual([
      { names: roles.map((index) => `role_other_${index}`).join() },
    ]);
  } finally {
    second.close();
    await other.stop();
  }
});

test.each([
  [ROLE, { name: "role_a", superuser: true }, "'superuser' must be false in the local cloud"],
  [
    ROLE,
    { name: "role_a", searchPaths: ["x"] },
    "does not support 'searchPaths' of postgresql:index/role:Role",
  ],
  [GRANT, { database: "d", role: "r", objectType: "function", privileges: [] }, "'objectType' must be"],
  [GRANT, { database: "d", role: "r", objectType: "table", privileges: ["ALL"] }, "'ALL' is not one of"],
  [DATABASE, { name: "db_a", tablespaceName: "x" }, "'tablespaceName' must be"],
  [GRANT, { role: "r" }, "missing required property 'database'"],
] as const)("%s with %j is refused by name", async (type, inputs, reason) => {
  const { failures } = await bench.client.check(type, inputs);
  expect(failures.map((failure) => failure.reason)).toContainEqual(expect.stringContaining(reason));
});

test.each([
  [{ azureIdentityAuth: "true" }, "azureIdentityAuth"],
  [{ superuser: "true" }, "superuser"],
  [{ superuser: "maybe" }, "superuser"],
  [{ port: "many" }, "port"],
  [{ sslmode: "maybe" }, "sslmode"],
  [{ awsRdsIamAuth: "true" }, "awsRdsIamAuth"],
  [{ maxConnections: "5" }, "maxConnections"],
  [{ scheme: "gcppostgres" }, "scheme"],
])("the setting %j is refused by name", async (setting, property) => {
  expect(
    (await bench.client.checkConfig({ host: "x", ...setting })).map((failure) => failure.property),
  ).toEqual([property]);
});

test("a password given in clear is a secret in the provider's state", async () => {
  const request = new providerPb.CheckRequest();
  request.setNews(structPb.Struct.fromJavaScript({ host: "x", password: "p" }));
  const checked: providerPb.CheckResponse = await bench.client.call("checkConfig", request);
  expect(checked.getInputs()?.toJavaScript()).toEqual({
    host: "x",
    password: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "p" },
  });
});

test("names that PostgreSQL would cut are refused", async () => {
  await expect(bench.client.make(ROLE, { name: "r".repeat(64) })).rejects.toThrow(
    "has 64 bytes; PostgreSQL takes 63",
  );
});

test("a name left out is the logical one and seven digits", async () => {
  expect((await bench.client.check(ROLE, {})).inputs.name).toMatch(/^x-[0-9a-f]{7}$/);
});

test("a server older than expected is refused", async () => {
  const other = new PluginClient(bench.server.port);
  await other.configure({ ...settingsOf(bench.postgres.adminUrl), expectedVersion: "99.0" });
  await expect(other.make(ROLE, { name: "role_a" })).rejects.toThrow("'expectedVersion' says 99.0");
  other.close();
});

test("a read after an engine was cut off in a create waits for it and finds the database", async () => {
  const { inputs } = await bench.client.check(DATABASE, { name: "db_a" });
  const holder = new pg.Client(bench.postgres.superuserUrl);
  await holder.connect();
  // Whoever makes a database waits for this one.
  await holder.query("BEGIN; LOCK TABLE pg_database IN SHARE MODE");
  const cutOff = new PluginClient(bench.server.port);
  await cutOff.configure(settingsOf(bench.postgres.adminUrl));
  cutOff.create(DATABASE, inputs).catch(() => undefined);
  await expect
    .poll(
      () => sql("SELECT FROM pg_stat_activity WHERE query ~ '^CREATE DATABASE' AND wait_event_type = 'Lock'"),
      SOON,
    )
    .toHaveLength(1);
  cutOff.close();
  const reading = bench.client.read(DATABASE, "db_a");
  await holder.query("COMMIT");
  expect((await reading)?.outputs).toMatchObject({ name: "db_a" });
  await holder.end();
});

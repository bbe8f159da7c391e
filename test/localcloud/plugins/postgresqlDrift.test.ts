import { expect, test } from "vitest";
import type { Bag, State } from "./pluginClient.ts";
import { DATABASE, GRANT, plain, postgresBench, query, ROLE, SCHEMA, urlFor } from "./postgresBench.ts";

const bench = postgresBench();
const sql = (text: string, database = "postgres") =>
  query(urlFor(bench.postgres.superuserUrl, { database }), text);

/** What somebody does with `psql`, and how the unchanged program's plan shows it. */
interface HandChange {
  readonly title: string;
  readonly text: string;
  readonly plan: Readonly<Record<string, string>>;
}

const ROLE_CHANGES: readonly HandChange[] = [
  { title: "login", text: "ALTER ROLE role_a NOLOGIN", plan: { login: "update" } },
  { title: "inherit", text: "ALTER ROLE role_a NOINHERIT", plan: { inherit: "update" } },
  { title: "createDatabase", text: "ALTER ROLE role_a CREATEDB", plan: { createDatabase: "update" } },
  { title: "createRole", text: "ALTER ROLE role_a CREATEROLE", plan: { createRole: "update" } },
  {
    title: "connectionLimit",
    text: "ALTER ROLE role_a CONNECTION LIMIT 7",
    plan: { connectionLimit: "update" },
  },
  {
    title: "validUntil",
    text: "ALTER ROLE role_a VALID UNTIL '2040-01-01'",
    plan: { validUntil: "update" },
  },
  {
    title: "roles, one less",
    text: "SET ROLE tenantry_admin; REVOKE role_group FROM role_a",
    plan: { roles: "add" },
  },
  {
    title: "roles, one more",
    text: "SET ROLE tenantry_admin; GRANT role_more TO role_a",
    plan: { "roles[1]": "delete" },
  },
];

const DATABASE_CHANGES: readonly HandChange[] = [
  { title: "owner", text: "ALTER DATABASE db_a OWNER TO role_more", plan: { owner: "update" } },
  {
    title: "connectionLimit",
    text: "ALTER DATABASE db_a CONNECTION LIMIT 7",
    plan: { connectionLimit: "update" },
  },
  {
    title: "allowConnections",
    text: "ALTER DATABASE db_a ALLOW_CONNECTIONS false",
    plan: { allowConnections: "update" },
  },
  { title: "isTemplate", text: "ALTER DATABASE db_a IS_TEMPLATE true", plan: { isTemplate: "update" } },
];

const GRANT_CHANGES: readonly HandChange[] = [
  {
    title: "a privilege taken away",
    text: "REVOKE CONNECT ON DATABASE db_a FROM role_a",
    plan: { "privileges[0]": "update", "privileges[1]": "add" },
  },
  {
    title: "the last one taken away",
    text: "REVOKE ALL ON DATABASE db_a FROM role_a",
    plan: { privileges: "add" },
  },
  {
    title: "one more given",
    text: "GRANT CREATE ON DATABASE db_a TO role_a",
    plan: { "privileges[1]": "update", "privileges[2]": "delete" },
  },
];

/** A type, what it is made with, and what happens to it. */
interface Sample {
  readonly title: string;
  readonly type: string;
  readonly inputs: Bag;
  readonly changes: readonly HandChange[];
  /** Statements that delete it by hand. */
  readonly deletion: readonly string[];
  /** Database in which the statements run. */
  readonly place?: string;
}

const SAMPLES: readonly Sample[] = [
  {
    title: "role",
    type: ROLE,
    inputs: { name: "role_a", login: true, password: "one", roles: ["role_group"] },
    changes: ROLE_CHANGES,
    deletion: ["DROP ROLE role_a"],
  },
  {
    title: "database",
    type: DATABASE,
    inputs: { name: "db_a", owner: "role_owner", connectionLimit: 20, isTemplate: false },
    changes: DATABASE_CHANGES,
    deletion: ["DROP DATABASE db_a"],
  },
  {
    title: "grant",
    type: GRANT,
    inputs: {
      database: "db_a",
      role: "role_a",
      objectType: "database",
      privileges: ["CONNECT", "TEMPORARY"],
    },
    changes: GRANT_CHANGES,
    deletion: ["REVOKE ALL ON DATABASE db_a FROM role_a", "DROP ROLE role_a"],
  },
  {
    title: "grant of nothing to everyone",
    type: GRANT,
    inputs: { database: "db_a", role: "public", objectType: "database", privileges: [] },
    changes: [
      {
        title: "everyone let in again",
        text: "GRANT CONNECT ON DATABASE db_a TO PUBLIC",
        plan: { privileges: "delete" },
      },
    ],
    deletion: ["DROP DATABASE db_a"],
  },
  {
    title: "schema",
    type: SCHEMA,
    inputs: { name: "app", database: "db_a", owner: "role_owner" },
    changes: [{ title: "owner", text: "ALTER SCHEMA app OWNER TO role_more", plan: { owner: "update" } }],
    deletion: ["DROP SCHEMA app"],
    place: "db_a",
  },
];

test.each(SAMPLES)(
  "$title: every input changed by hand is read, planned alone, and mended",
  async (sample) => {
    const { type, changes, place } = sample;
    let state = await makeSample(sample);
    const { inputs } = state;
    expect((await bench.client.read(type, state.id, state))?.inputs).toEqual(inputs);
    for (const { title, text, plan } of changes) {
      await sql(text, place);
      const found = plain((await bench.client.read(type, state.id, state))!);
      expect(found.inputs, title).not.toEqual(inputs);
      expect((await bench.client.diff(type, found, inputs)).changes, title).toEqual(plan);
      state = plain(await bench.client.update(type, found, inputs));
      const mended = await bench.client.read(type, state.id, state);
      expect(mended?.inputs, title).toEqual(inputs);
    }
  },
);

test.each(SAMPLES)("$title: deleted by hand is read as gone", async (sample) => {
  const state = await makeSample(sample);
  for (const text of sample.deletion) await sql(text, sample.place);
  expect(await bench.client.read(sample.type, state.id, state)).toBeUndefined();
  await bench.client.delete(sample.type, state);
});

test.each([
  ["REPLICATION", "replication"],
  ["BYPASSRLS", "bypassRowLevelSecurity"],
  ["SUPERUSER", "superuser"],
])(
  "a role that was made %s by hand is planned back, and PostgreSQL refuses our admin that, aloud",
  async (word, input) => {
    const state = plain(await bench.client.make(ROLE, { name: "role_a", password: "one" }));
    await sql(`ALTER ROLE role_a ${word}`);
    const found = plain((await bench.client.read(ROLE, "role_a", state))!);
    expect((await bench.client.diff(ROLE, found, state.inputs)).changes).toEqual({ [input]: "update" });
    await expect(bench.client.update(ROLE, found, state.inputs)).rejects.toThrow(
      "permission denied to alter role",
    );
  },
);

test("a password changed by hand is not seen, as the server tells only superusers", async () => {
  const state = plain(await bench.client.make(ROLE, { name: "role_a", login: true, password: "one" }));
  await sql("ALTER ROLE role_a PASSWORD 'two'");
  expect((await bench.client.read(ROLE, "role_a", state))?.inputs).toEqual(state.inputs);
});

async function makeSample({ type, inputs }: Sample): Promise<State> {
  for (const name of ["role_group", "role_more", "role_owner"]) await bench.client.make(ROLE, { name });
  if (type !== ROLE) await bench.client.make(ROLE, { name: "role_a" });
  if (type !== DATABASE) await bench.client.make(DATABASE, { name: "db_a" });
  return plain(await bench.client.make(type, inputs));
}

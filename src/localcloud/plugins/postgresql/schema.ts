import type pg from "pg";
import type { ResourceType } from "../rpc/plugin.ts";
import type { ValueMap } from "../rpc/values.ts";
import { inTransaction, type ServerConfig, withClient } from "./connection.ts";
import { asMemberOf } from "./membership.ts";
import { ident } from "./names.ts";
import { checkAndDiff, filled, importedInputs, observedInputs, type PostgresInputs } from "./postgresType.ts";

const RULES: PostgresInputs = {
  token: "postgresql:index/schema:Schema",
  inputs: {
    name: "string",
    database: "string",
    owner: "string",
    ifNotExists: "boolean",
    dropCascade: "boolean",
  },
  required: ["name"],
  checkDefaults: { ifNotExists: true },
  meanings: { dropCascade: false },
  computed: ["database", "owner"],
  forceNew: ["database"],
  sets: [],
  isAutoNamed: true,
};

/** A schema. `ifNotExists` (the default, as the official plugin's) takes one that is there and gives it the owner. */
export const schema: ResourceType<ServerConfig> = {
  ...checkAndDiff(RULES),
  create: async (config, { news, isPreview }) => {
    const outputs = { ...filled(RULES, news), database: news.database ?? config.database };
    if (isPreview) return { id: "", outputs };
    const name = String(news.name);
    const owner = await inTransaction(config, (client) => make(client, name, news), String(outputs.database));
    return { id: `${String(outputs.database)}.${name}`, outputs: { ...outputs, owner } };
  },
  read: async (config, { id, olds, oldInputs }) => {
    const [database = "", ...rest] = id.split(".");
    const name = typeof olds.name === "string" ? olds.name : rest.join(".");
    const owner = await observeOwner(config, database, name);
    if (owner === undefined) return undefined;
    const found = { name, database, owner };
    const inputs =
      oldInputs === undefined ? importedInputs(RULES, found) : observedInputs(RULES, oldInputs, found);
    const remembered = oldInputs === undefined ? {} : filled(RULES, olds);
    return { id: `${database}.${name}`, inputs, outputs: { ...remembered, ...found } };
  },
  update: async (config, { id, news, olds, isPreview }) => {
    const database = String(olds.database ?? id.split(".")[0]);
    const outputs = { ...filled(RULES, news), database };
    if (isPreview) return outputs;
    const [before, name] = [String(olds.name), String(news.name)];
    await inTransaction(config, (client) => change(client, before, name, news.owner), database);
    const now = (await observeOwner(config, database, name)) ?? "";
    return { ...outputs, owner: now, id: `${database}.${name}` };
  },
  delete: async (config, { id, olds }) => {
    const [database = "", ...rest] = id.split(".");
    const name = String(olds.name ?? rest.join("."));
    const owner = await observeOwner(config, database, name);
    if (owner === undefined) return;
    const how = olds.dropCascade === true ? "CASCADE" : "RESTRICT";
    await inTransaction(
      config,
      (client) =>
        asMemberOf(client, owner, async () => void (await client.query(`DROP SCHEMA ${ident(name)} ${how}`))),
      database,
    );
  },
};

async function make(client: pg.Client, name: string, { owner, ifNotExists }: ValueMap): Promise<string> {
  const role = typeof owner === "string" ? owner : undefined;
  const existing = await ownerOf(client, name);
  if (existing !== undefined && ifNotExists === false)
    throw new Error(`schema '${name}' already exists (42P06)`);
  if (existing !== undefined) {
    if (role !== undefined && role !== existing) await change(client, name, name, role);
    return role ?? existing;
  }
  const authorization = role === undefined ? "" : ` AUTHORIZATION ${ident(role)}`;
  await asMemberOf(
    client,
    role,
    async () => void (await client.query(`CREATE SCHEMA ${ident(name)}${authorization}`)),
  );
  return (await ownerOf(client, name)) ?? "";
}

async function change(
  client: pg.Client,
  before: string,
  name: string,
  owner: ValueMap[string] | undefined,
): Promise<void> {
  const old = await ownerOf(client, before);
  const wanted = typeof owner === "string" ? owner : undefined;
  await asMemberOf(client, old, () =>
    asMemberOf(client, wanted, async () => {
      if (before !== name) await client.query(`ALTER SCHEMA ${ident(before)} RENAME TO ${ident(name)}`);
      if (wanted !== undefined && wanted !== old)
        await client.query(`ALTER SCHEMA ${ident(name)} OWNER TO ${ident(wanted)}`);
    }),
  );
}

async function observeOwner(
  config: ServerConfig,
  database: string,
  name: string,
): Promise<string | undefined> {
  const { rowCount } = await withClient(config, (client) =>
    client.query("SELECT 1 FROM pg_database WHERE datname = $1", [database]),
  );
  return rowCount === 0 ? undefined : withClient(config, (client) => ownerOf(client, name), database);
}

async function ownerOf(client: pg.Client, name: string): Promise<string | undefined> {
  const { rows } = await client.query<{ owner: string }>(
    "SELECT pg_get_userbyid(nspowner)::text AS owner FROM pg_namespace WHERE nspname = $1",
    [name],
  );
  return rows[0]?.owner;
}

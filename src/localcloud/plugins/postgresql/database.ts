import type pg from "pg";
import type { ResourceType } from "../rpc/plugin.ts";
import { UNKNOWN, type ValueMap } from "../rpc/values.ts";
import { type ServerConfig, withClient } from "./connection.ts";
import { asMemberOf } from "./membership.ts";
import { ident, literal } from "./names.ts";
import { checkAndDiff, filled, importedInputs, observedInputs, type PostgresInputs } from "./postgresType.ts";

const DEFAULT_TEMPLATE = "template0";

const RULES: PostgresInputs = {
  token: "postgresql:index/database:Database",
  inputs: {
    name: "string",
    owner: "string",
    template: "string",
    encoding: "string",
    lcCollate: "string",
    lcCtype: "string",
    connectionLimit: "number",
    allowConnections: "boolean",
    isTemplate: "boolean",
    tablespaceName: { only: ["pg_default", "DEFAULT"] },
    alterObjectOwnership: { only: [false] },
  },
  required: ["name"],
  checkDefaults: { allowConnections: true, connectionLimit: -1 },
  meanings: { alterObjectOwnership: false },
  computed: ["owner", "template", "encoding", "lcCollate", "lcCtype", "isTemplate", "tablespaceName"],
  forceNew: ["template", "encoding", "lcCollate", "lcCtype"],
  sets: [],
  isAutoNamed: true,
};

/** A made database's `isTemplate` may be the server's answer; an imported one's is left out when it is none. */
const IMPORT_RULES: PostgresInputs = { ...RULES, meanings: { ...RULES.meanings, isTemplate: false } };

/** A database. Never adopts one that is there. */
export const database: ResourceType<ServerConfig> = {
  ...checkAndDiff(RULES),
  create: async (config, { news, isPreview }) => {
    if (isPreview) return { id: "", outputs: preview(news, {}) };
    const name = String(news.name);
    const outputs = await withClient(config, async (client) => {
      await asMemberOf(client, textOf(news.owner), async () => void (await client.query(createSql(news))));
      return outputsOf(await observe(client, name), news);
    });
    return { id: name, outputs };
  },
  read: (config, { id, olds, oldInputs }) =>
    withClient(config, async (client) => {
      const found = await observe(client, textOf(olds.name) ?? id);
      if (found === undefined) return undefined;
      const outputs = outputsOf(found, olds);
      const inputs =
        oldInputs === undefined
          ? { ...importedInputs(IMPORT_RULES, found), template: DEFAULT_TEMPLATE }
          : observedInputs(RULES, oldInputs, found);
      return { id: String(found.name), outputs, inputs };
    }),
  update: (config, { id, news, olds, isPreview }) => {
    if (isPreview) return Promise.resolve(preview(news, olds));
    return withClient(config, async (client) => {
      await alter(client, textOf(olds.name) ?? id, news);
      return { ...outputsOf(await observe(client, String(news.name)), news), id: String(news.name) };
    });
  },
  /** A renamed database keeps its Pulumi id until the next refresh; its name is in the outputs. */
  delete: (config, { id, olds }) => withClient(config, (client) => drop(client, textOf(olds.name) ?? id)),
};

function createSql(news: ValueMap): string {
  const all = filled(RULES, news);
  const template = textOf(all.template) ?? DEFAULT_TEMPLATE;
  const words = [
    `CREATE DATABASE ${ident(String(all.name))}`,
    all.owner === undefined ? "" : `OWNER ${ident(String(all.owner))}`,
    `TEMPLATE ${ident(template)}`,
    template === DEFAULT_TEMPLATE || all.encoding !== undefined
      ? `ENCODING ${literal(textOf(all.encoding) ?? "UTF8")}`
      : "",
    all.lcCollate === undefined ? "" : `LC_COLLATE ${literal(String(all.lcCollate))}`,
    all.lcCtype === undefined ? "" : `LC_CTYPE ${literal(String(all.lcCtype))}`,
    `ALLOW_CONNECTIONS ${all.allowConnections === true}`,
    `CONNECTION LIMIT ${Number(all.connectionLimit)}`,
    `IS_TEMPLATE ${all.isTemplate === true}`,
  ];
  return words.filter((word) => word !== "").join(" ");
}

/** Brings name, owner and settings to what is wanted; only what differs is altered. */
async function alter(client: pg.Client, oldName: string, news: ValueMap): Promise<void> {
  const found = await observe(client, oldName);
  if (found === undefined) throw new Error(`the database '${oldName}' does not exist any more`);
  const wanted = { ...found, ...filled(RULES, news) };
  const name = ident(String(wanted.name));
  await asMemberOf(client, textOf(found.owner), () =>
    asMemberOf(client, textOf(wanted.owner), async () => {
      if (wanted.name !== oldName) await client.query(`ALTER DATABASE ${ident(oldName)} RENAME TO ${name}`);
      if (wanted.allowConnections !== found.allowConnections)
        await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${wanted.allowConnections === true}`);
      if (wanted.connectionLimit !== found.connectionLimit)
        await client.query(`ALTER DATABASE ${name} CONNECTION LIMIT ${Number(wanted.connectionLimit)}`);
      if (wanted.isTemplate !== found.isTemplate)
        await client.query(`ALTER DATABASE ${name} IS_TEMPLATE ${wanted.isTemplate === true}`);
      if (wanted.owner !== found.owner)
        await client.query(`ALTER DATABASE ${name} OWNER TO ${ident(String(wanted.owner))}`);
    }),
  );
}

async function drop(client: pg.Client, name: string): Promise<void> {
  const found = await observe(client, name);
  if (found === undefined) return;
  await asMemberOf(client, textOf(found.owner), async () => {
    if (found.isTemplate === true) await client.query(`ALTER DATABASE ${ident(name)} IS_TEMPLATE false`);
    await client.query(`DROP DATABASE IF EXISTS ${ident(name)} WITH (FORCE)`);
  });
}

interface DatabaseRow {
  readonly owner: string;
  readonly encoding: string;
  readonly datcollate: string;
  readonly datctype: string;
  readonly datconnlimit: number;
  readonly datallowconn: boolean;
  readonly datistemplate: boolean;
  readonly spcname: string;
}

async function observe(client: pg.Client, name: string): Promise<ValueMap | undefined> {
  const { rows } = await client.query<DatabaseRow>(
    `SELECT pg_get_userbyid(d.datdba)::text AS owner, pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate, d.datctype,
            d.datconnlimit, d.datallowconn, d.datistemplate, t.spcname
       FROM pg_database d JOIN pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = $1`,
    [name],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  return {
    name,
    owner: row.owner,
    encoding: row.encoding,
    lcCollate: row.datcollate,
    lcCtype: row.datctype,
    connectionLimit: row.datconnlimit,
    allowConnections: row.datallowconn,
    isTemplate: row.datistemplate,
    tablespaceName: row.spcname,
  };
}

function outputsOf(found: ValueMap | undefined, given: ValueMap): ValueMap {
  if (found === undefined) throw new Error("the database is gone right after it was written");
  return { ...found, template: textOf(given.template) ?? DEFAULT_TEMPLATE, alterObjectOwnership: false };
}

/** What the program leaves to the server stays as it was; of a new database it is unknown. */
function preview(news: ValueMap, olds: ValueMap): ValueMap {
  const left = Object.fromEntries(RULES.computed.map((name) => [name, olds[name] ?? UNKNOWN]));
  return { ...left, ...filled(RULES, news) } as ValueMap;
}

function textOf(value: ValueMap[string] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

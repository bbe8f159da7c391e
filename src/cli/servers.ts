import type { Command } from "commander";
import { addServer, listServerUse, type ServerUse, setServer } from "../operations/index.ts";
import { type NewServer, type ServerField, UserError } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import { renderTable } from "./render/table.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";
import { withOperations } from "./withOperations.ts";

/** What `servers` can be told to do. */
const SERVER_ACTIONS = ["list", "add", "drain", "set"] as const;
type ServerAction = (typeof SERVER_ACTIONS)[number];

interface ServerOptions extends CommonOptions {
  readonly region?: string;
  readonly capacityHint?: number;
  readonly maxConnections?: number;
  readonly tenantConnections?: number;
  readonly status?: string;
  readonly sku?: string;
  readonly tier?: string;
  readonly storageGb?: number;
  readonly host?: string;
  readonly port?: number;
}

/** Options that each action takes; any other is refused instead of ignored. */
const TAKES: Readonly<Record<ServerAction, readonly (keyof ServerOptions)[]>> = {
  list: [],
  drain: [],
  set: ["capacityHint", "maxConnections", "tenantConnections", "status", "storageGb"],
  add: [
    ...(["region", "capacityHint", "maxConnections", "tenantConnections"] as const),
    ...(["sku", "tier", "storageGb", "host", "port"] as const),
  ],
};

/** `tenantry servers`: the servers of an environment's config, edited there and applied by a run of the platform. */
export const servers: Verb = {
  configure: (command) => addOptions(command).addHelpText("after", HELP),
  run: async ([word = "", name, ...words], raw, context) => {
    const options: ServerOptions = raw;
    const action = SERVER_ACTIONS.find((each) => each === word);
    if (action === undefined || words.length > 0)
      throw new UsageError(`\`servers\`: expected ${SERVER_ACTIONS.join(", ")}; got '${word}'.`);
    refuseStrangeOptions(action, options);
    if (action === "list") return list(name, options, context);
    if (name === undefined) throw new UsageError(`\`servers ${action}\`: expected a server's name.`);
    return change(action, name, options, context);
  },
};

function addOptions(command: Command): Command {
  return command
    .argument("<action>", SERVER_ACTIONS.join(", "))
    .argument("[name]", "server, as in the environment's config")
    .option("--region <region>", "with `add`: where it is")
    .option("--capacity-hint <n>", "most tenants placed on it", wholeNumber)
    .option("--max-connections <n>", "its `max_connections`", wholeNumber)
    .option("--tenant-connections <n>", "connections one tenant counts for", wholeNumber)
    .option("--status <status>", "with `set`: active, draining or inactive")
    .option("--sku <name>", "with `add`: size of the server to make")
    .option("--tier <tier>", "with `--sku`: Burstable, GeneralPurpose or MemoryOptimized")
    .option("--storage-gb <n>", "disk of a server that is made", wholeNumber)
    .option("--host <host>", "with `add`: takes a server that is there; its admin's URL must be in the vault")
    .option("--port <port>", "with `--host`", wholeNumber);
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`expected a whole number; got '${text}'.`);
}

function refuseStrangeOptions(action: ServerAction, options: ServerOptions): void {
  const all = new Set(Object.values(TAKES).flat());
  const strange = [...all].find((name) => options[name] !== undefined && !TAKES[action].includes(name));
  if (strange === undefined) return;
  const flag = `--${strange.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UsageError(`\`servers ${action}\` takes no \`${flag}\`.`);
}

async function list(name: string | undefined, options: ServerOptions, context: CliContext): Promise<number> {
  const all = await withOperations(options, context, listServerUse);
  const listed = name === undefined ? all : all.filter((server) => server.name === name);
  if (name !== undefined && listed.length === 0)
    throw new UserError("E_DB_SERVER_NOT_FOUND", `server '${name}' is not registered in master.`);
  if (options.json) context.io.out(`${JSON.stringify(listed.map(factsOf), null, 2)}\n`);
  else print(listed, context);
  return 0;
}

/** Fields of `--json`; nothing of the credential, not even its name. */
function factsOf(server: ServerUse) {
  const { name, status, region, host, port, tenantCount, capacityHint, tenantConnections } = server;
  const { maxConnections: planned, connectionsInUse: inUse, connectionLimit: limit, problem } = server;
  return {
    ...{ name, status, region, host, port },
    tenants: { placed: tenantCount, capacity: capacityHint },
    connections: { reserved: tenantCount * tenantConnections, planned, inUse, limit },
    ...(problem === undefined ? {} : { problem }),
  };
}

function print(listed: readonly ServerUse[], { io }: CliContext): void {
  const rows = listed.map((server) => [
    ...[server.name, server.status, server.region],
    `${server.tenantCount}/${server.capacityHint}`,
    `${server.tenantCount * server.tenantConnections}/${server.maxConnections}`,
    server.connectionsInUse === null ? "?" : `${server.connectionsInUse}/${server.connectionLimit}`,
    `${server.host}:${server.port}`,
  ]);
  io.out(
    renderTable(["SERVER", "STATUS", "REGION", "TENANTS", "RESERVED", "IN USE", "ADDRESS"], rows, io.columns),
  );
  for (const { problem } of listed) if (problem !== undefined) io.err(`warning: ${problem}\n`);
}

async function change(
  action: Exclude<ServerAction, "list">,
  name: string,
  options: ServerOptions,
  context: CliContext,
): Promise<number> {
  const added = action === "add" ? newServer(name, options) : undefined;
  const fields = action === "drain" ? { status: "draining" } : fieldsOf(options);
  if (action === "set" && Object.keys(fields).length === 0)
    throw new UsageError("`servers set`: expected an option that says what to set.");
  return runOperation(name, options, context, async (operation) => {
    const done = await (added === undefined
      ? setServer(operation, name, fields)
      : addServer(operation, added));
    const summary = done.changes === 0 ? "no changes" : `${WORDS[action]}, ${done.changes} changed`;
    return { summary, details: { ...done } };
  });
}

const WORDS = { add: "added", drain: "draining: takes no new tenants", set: "set" } as const;

function fieldsOf(options: ServerOptions): Partial<Record<ServerField, string | number>> {
  const { capacityHint, maxConnections, tenantConnections, status, storageGb } = options;
  const all = Object.entries({ capacityHint, maxConnections, tenantConnections, status, storageGb });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

function newServer(name: string, options: ServerOptions): NewServer {
  const { region, capacityHint, maxConnections, tenantConnections, sku, tier, storageGb, host, port } =
    options;
  if (
    region === undefined ||
    capacityHint === undefined ||
    maxConnections === undefined ||
    tenantConnections === undefined
  )
    throw new UsageError(
      "`servers add`: expected --region, --capacity-hint, --max-connections and --tenant-connections.",
    );
  if ((sku === undefined) !== (tier === undefined)) throw new UsageError("`--sku` and `--tier` go together.");
  if (port !== undefined && host === undefined) throw new UsageError("`--port` goes with `--host`.");
  return {
    ...{ name, region, capacityHint, maxConnections, tenantConnections, status: "active" },
    ...(sku === undefined || tier === undefined ? {} : { sku: { name: sku, tier } }),
    ...(storageGb === undefined ? {} : { storageGb }),
    ...(host === undefined ? {} : { existing: { host, port: port ?? POSTGRES_PORT } }),
  };
}

const POSTGRES_PORT = 5432;

const HELP = `
  list   tenants, connections reserved for them and sessions that are open, of each server
  add    writes a server into stacks/Pulumi.<env>.yaml and applies the platform
  drain  the same for \`status: draining\`: what is there stays, nothing new is placed; \`placement plan\` says where to move it
  set    the same for capacity, connections, disk and status

Examples:
  tenantry servers add db-03 --region westeurope --capacity-hint 200 --max-connections 100 --tenant-connections 1
  tenantry servers set db-01 --capacity-hint 300
`;

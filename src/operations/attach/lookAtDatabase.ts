import { loadMigrations } from "../../hooks/index.ts";
import {
  type DatabaseBefore,
  type DatabaseState,
  lastMigration,
  lookBeforeAdoption,
  MigrationRefusedError,
  observeDatabase,
  ownersOutOfReach,
  parseMarker,
  pendingMigrations,
  readLedger,
  type ServerAdmin,
} from "../../postgres/index.ts";
import { listServers } from "../../registry/index.ts";
import { UserError } from "../../tenant/errors.ts";
import { stackOf } from "../../tenant/names.ts";
import type { OperationContext } from "../context.ts";

/** A database that could be a tenant's, as it is now. */
export interface FoundDatabase {
  readonly server: string;
  readonly database: string;
  /** Whether an attach of this life was begun: it bears the life's marker. */
  readonly isMarked: boolean;
  readonly before: DatabaseBefore;
  /** Version of its last migration; empty for none. */
  readonly lastMigration: string;
  /** Names of the files that it hasn't had, in order. */
  readonly pending: readonly string[];
}

/** Which database is meant. */
export interface DatabaseWish {
  readonly slug: string;
  /** Id of the slug's record, where it has one. */
  readonly tenantId: string | undefined;
  readonly database: string;
  /** Undefined: the one active server that has it. */
  readonly server: string | undefined;
}

/**
 * Finds a database and everything that speaks against adopting it; writes nothing. Throws `E_DB_SERVER_NOT_FOUND` where no server
 * has it, `E_PARTIAL_STATE` for a ruin, a template, another tenant's, and one whose owners the server's admin can't act for.
 */
export async function lookAtDatabase(context: OperationContext, wish: DatabaseWish): Promise<FoundDatabase> {
  const { slug, tenantId, database } = wish;
  const server = wish.server ?? (await findServer(context, database));
  const found = await context.access.withAdmin(server, async (admin) => {
    const state = await observeDatabase(admin.client, database);
    if (state === undefined) throw noDatabase(database, `server '${server}' has none of that name`);
    assertUsable(state, server);
    const marker = parseMarker(state.comment);
    const isMarked = marker?.stack === stackOf(context.environment, slug) && marker.tenantId === tenantId;
    if (marker !== undefined && !isMarked) throw foreign(state, server, slug);
    await assertOpen(admin, state, server);
    const before = await lookBeforeAdoption(admin, database);
    await assertReachable(admin, before, `database '${database}' on '${server}'`);
    return { server, database, isMarked, before };
  });
  return { ...found, ...(await lookAtMigrations(context, slug, found)) };
}

async function findServer(context: OperationContext, database: string): Promise<string> {
  const servers = await context.access.withMaster((client) => listServers(client));
  const having: string[] = [];
  for (const { name, status } of servers) {
    if (status !== "active") continue;
    const found = await context.access.withAdmin(name, ({ client }) => observeDatabase(client, database));
    if (found !== undefined) having.push(name);
  }
  const [only, ...more] = having;
  if (only === undefined) throw noDatabase(database, "no active server has one of that name");
  if (more.length === 0) return only;
  throw new UserError(
    "E_DB_SERVER_NOT_FOUND",
    `database '${database}' is on ${having.map((name) => `'${name}'`).join(" and ")}; expected one of them to be named.`,
    { hint: "`--server <name>` says which." },
  );
}

function noDatabase(database: string, why: string): UserError {
  return new UserError("E_DB_SERVER_NOT_FOUND", `database '${database}': ${why}; expected it to be there.`);
}

function assertUsable(state: DatabaseState, server: string): void {
  const problem = problemOf(state);
  if (problem === undefined) return;
  throw new UserError(
    "E_PARTIAL_STATE",
    `database '${state.name}' on '${server}' ${problem}; expected a database with its data.`,
  );
}

function problemOf({ isInvalid, isTemplate, allowsConnections }: DatabaseState): string | undefined {
  if (isInvalid) return "is the rest of an interrupted DROP";
  if (isTemplate) return "is a template";
  return allowsConnections ? undefined : "takes no connections";
}

/** The admin has to come in; what its owner gives, PUBLIC's or its own CONNECT, is enough. */
async function assertOpen({ client }: ServerAdmin, state: DatabaseState, server: string): Promise<void> {
  const { rows } = await client.query(
    "SELECT has_database_privilege($1::text, 'CONNECT') AS may, current_user::text AS admin",
    [state.name],
  );
  if (rows[0].may === true) return;
  throw new UserError(
    "E_PARTIAL_STATE",
    `database '${state.name}' on '${server}': admin '${rows[0].admin}' may not connect; expected CONNECT.`,
    { hint: `As '${state.owner}': GRANT CONNECT ON DATABASE "${state.name}" TO "${rows[0].admin}";` },
  );
}

/** Ownership passes from who has it to the tenant's role, and only who may act for both can pass it on. */
async function assertReachable(admin: ServerAdmin, before: DatabaseBefore, what: string): Promise<void> {
  const owners = await ownersOutOfReach(admin, before);
  if (owners.length === 0) return;
  const { rows } = await admin.client.query("SELECT current_user::text AS name");
  const me = rows[0].name;
  const grants = owners.map((owner) => `GRANT "${owner}" TO "${me}" WITH INHERIT TRUE, SET TRUE;`);
  const named = owners.map((owner) => `'${owner}'`).join(", ");
  throw new UserError(
    "E_PARTIAL_STATE",
    `${what}: it or something in it is owned by ${named}, for whom admin '${me}' may not act; expected owners whose objects it can pass on to the tenant's role. Nothing was touched.`,
    {
      hint: `Whoever may grant that role (its creator, or a superuser) runs: ${grants.join(" ")} What a superuser owns, a superuser has to reassign.`,
    },
  );
}

function foreign(state: DatabaseState, server: string, slug: string): UserError {
  return new UserError(
    "E_PARTIAL_STATE",
    `database '${state.name}' on '${server}' bears the marker '${state.comment}'; expected none, or that of '${slug}'. Nothing was touched.`,
    {
      hint: `Where you know that that tenant is gone, its owner runs: COMMENT ON DATABASE "${state.name}" IS NULL;`,
    },
  );
}

async function lookAtMigrations(
  { access, config, root }: OperationContext,
  slug: string,
  { server, database, before }: Pick<FoundDatabase, "server" | "database" | "before">,
): Promise<Pick<FoundDatabase, "lastMigration" | "pending">> {
  const plan = config.migrations;
  if (plan.kind === "command") return { lastMigration: "", pending: [] };
  const files = await loadMigrations(plan, root, slug);
  try {
    const ledger = before.hasOwnSchema ? await access.withDatabase({ server, database }, readLedger) : [];
    const pending = pendingMigrations(files, ledger).map(({ fileName }) => fileName);
    return { lastMigration: lastMigration(ledger), pending };
  } catch (error) {
    if (!(error instanceof MigrationRefusedError)) throw error;
    throw new UserError(
      "E_PARTIAL_STATE",
      `database '${database}' on '${server}' was migrated by other files than ${plan.dir}: ${error.message}`,
      { cause: error },
    );
  }
}

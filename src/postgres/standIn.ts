import { randomBytes } from "node:crypto";
import { type Client, type ConnectOptions, withConnection } from "./connect.ts";
import { admitRole } from "./database.ts";
import type { Marker } from "./marker.ts";
import { ident } from "./quote.ts";
import { dropRole, ensureRole } from "./role.ts";
import { scramVerifier } from "./scram.ts";
import { isConnectionLoss } from "./sqlState.ts";
import { formatPostgresUrl, parsePostgresUrl } from "./url.ts";

/** The server's admin in its maintenance database. */
export interface StandInAdmin {
  readonly client: Client;
  readonly url: string;
  readonly options: ConnectOptions;
}

/** The role that is stood in for, and the database where. */
export interface StandInFor {
  readonly role: string;
  readonly database: string;
  /** Of the role; the stand-in bears the same. */
  readonly marker: Marker;
}

const PASSWORD_BYTES = 32;
const SUFFIX = "_standin";
/** Bytes of a PostgreSQL name. */
const NAME_BYTES = 63;

/** Name of a role's stand-in: the same for every run, so that one that a killed run left is taken over. */
export function standInName(role: string): string {
  return `${role.slice(0, NAME_BYTES - SUFFIX.length)}${SUFFIX}`;
}

/**
 * A session for a role whose own login is closed: of a login that may be that role and nothing else, and is gone
 * afterwards. The admin's own session would do, but what runs in it could RESET ROLE and be the admin.
 */
export async function withStandIn<T>(
  admin: StandInAdmin,
  wanted: StandInFor,
  body: (client: Client) => Promise<T>,
): Promise<T> {
  const { role, database, marker } = wanted;
  const name = standInName(role);
  const password = randomBytes(PASSWORD_BYTES).toString("base64url");
  await ensureRole(admin.client, { name, marker, verifier: await scramVerifier(password), canLogin: true });
  await admin.client.query(`GRANT ${ident(role)} TO ${ident(name)}`);
  await admitRole(admin.client, database, name);
  const url = formatPostgresUrl({ ...parsePostgresUrl(admin.url), user: name, password, database });
  const result = await withConnection(url, admin.options, body).catch(async (error: unknown) => {
    await dropStandIn(admin, wanted).catch((second: unknown) => {
      // The next run or the delete of the database drops it.
      if (!isConnectionLoss(second)) throw second;
    });
    throw error;
  });
  await dropStandIn(admin, wanted);
  return result;
}

/** Drops a role's stand-in, where a killed run left one. */
export async function dropStandIn(
  { client, url, options }: StandInAdmin,
  { role, marker }: Pick<StandInFor, "role" | "marker">,
): Promise<void> {
  await dropRole(client, url, standInName(role), marker, options);
}

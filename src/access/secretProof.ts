import { type Client, close, connect, PostgresError, parsePostgresUrl } from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { DatabaseAddress } from "../tenant/resources.ts";
import type { Access } from "./access.ts";
import { repeatWhenCut } from "./repeatWhenCut.ts";

/** What the session of the proof is called in the server's own lists. */
const APPLICATION = "tenantry migrations";

/** Where a tenant's secret has to lead. */
export type ProvenPlace = DatabaseAddress & { readonly slug: string; readonly secretName: string };

/**
 * Logs in with the value that the vault really holds (FAULTS F40) and runs `body` in that session, from the beginning
 * again when the server went away under it. Throws `E_SECRET_MISMATCH` when the value isn't there, names another
 * database or role, or is refused.
 */
export async function withProvenLogin<T>(
  place: ProvenPlace,
  access: Access,
  body: (client: Client, url: string) => Promise<T>,
): Promise<T> {
  const url = await secretUrl(place, access);
  return repeatWhenCut(async () => {
    const client = await logIn(place, url);
    try {
      return await body(client, url);
    } finally {
      await close(client);
    }
  });
}

async function secretUrl(place: ProvenPlace, access: Access): Promise<string> {
  const url = await access.tenantVault.get(place.secretName);
  if (url === undefined) throw mismatch(place, "the vault has no value");
  const said = parseUrl(place, url);
  if (said.database !== place.database || said.user !== place.role) {
    throw mismatch(place, `it names database '${said.database}' and role '${said.user}'`);
  }
  return url;
}

async function logIn(place: ProvenPlace, url: string): Promise<Client> {
  try {
    return await connect(url, { applicationName: APPLICATION });
  } catch (error) {
    if (!(error instanceof PostgresError) || error.problem === "unreachable") throw error;
    throw mismatch(place, `PostgreSQL answers: ${error.message}`);
  }
}

function parseUrl(place: ProvenPlace, url: string) {
  try {
    return parsePostgresUrl(url);
  } catch (error) {
    throw mismatch(place, (error as Error).message);
  }
}

function mismatch(place: ProvenPlace, reason: string): UserError {
  return new UserError(
    "E_SECRET_MISMATCH",
    `Tenant '${place.slug}': the value of secret '${place.secretName}' doesn't log in to '${place.database}' on '${place.server}' as '${place.role}': ${reason}.`,
    { hint: "`tenantry up --refresh` of this tenant writes password and secret again." },
  );
}

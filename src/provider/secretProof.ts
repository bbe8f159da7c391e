import { close, connect, PostgresError, parsePostgresUrl } from "../postgres/index.ts";
import { UserError } from "../tenant/errors.ts";
import type { DatabaseAddress, TenantKey } from "../tenant/resources.ts";
import type { Run } from "./run.ts";

/**
 * Logs in with the value that the vault really holds (FAULTS F40) and answers it. Throws `E_SECRET_MISMATCH` when it
 * isn't there, names another database or role, or is refused.
 */
export async function proveSecret(
  place: TenantKey & DatabaseAddress & { readonly secretName: string },
  run: Run,
): Promise<string> {
  const url = await run.access.tenantVault.get(place.secretName);
  if (url === undefined) throw mismatch(place, "the vault has no value");
  const said = parseUrl(place, url);
  if (said.database !== place.database || said.user !== place.role) {
    throw mismatch(place, `it names database '${said.database}' and role '${said.user}'`);
  }
  try {
    await close(await connect(url, { applicationName: "tenantry secret check" }));
    return url;
  } catch (error) {
    if (!(error instanceof PostgresError) || error.problem === "unreachable") throw error;
    throw mismatch(place, `PostgreSQL answers: ${error.message}`);
  }
}

function parseUrl(
  place: { readonly slug: string; readonly secretName: string } & DatabaseAddress,
  url: string,
) {
  try {
    return parsePostgresUrl(url);
  } catch (error) {
    throw mismatch(place, (error as Error).message);
  }
}

function mismatch(
  place: { readonly slug: string; readonly secretName: string } & DatabaseAddress,
  reason: string,
): UserError {
  return new UserError(
    "E_SECRET_MISMATCH",
    `Tenant '${place.slug}': the value of secret '${place.secretName}' doesn't log in to '${place.database}' on '${place.server}' as '${place.role}': ${reason}.`,
    { hint: "`tenantry up --refresh` of this tenant writes password and secret again." },
  );
}

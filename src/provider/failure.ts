import { EdgeRefusedError, EdgeUnreachableError } from "../edge/index.ts";
import {
  codeOf,
  explainPostgresError,
  ForeignObjectError,
  isConnectionLoss,
  LockHeldError,
  PostgresError,
  redact,
  TamperedSchemaError,
} from "../postgres/index.ts";
import { InternalError, UserError } from "../tenant/errors.ts";
import { NotAllowedError, notAllowedIn } from "../tenant/notAllowed.ts";
import { VaultRefusedError, VaultUnreachableError } from "../vault/index.ts";

/** Gives every failure of the rooms below a code and words; what has none stays a defect. */
export function explain(error: unknown): Error {
  if (error instanceof UserError || error instanceof InternalError) return error;
  const denied = explainDenial(error);
  if (denied !== undefined) return denied;
  if (error instanceof VaultUnreachableError) {
    return new UserError("PROVISIONING_UNAVAILABLE", error.message, {
      cause: error,
      hint: "Nothing was changed there. Run the same command again when the vault answers.",
    });
  }
  if (error instanceof VaultRefusedError) {
    return new UserError("PROVISIONING_UNAVAILABLE", error.message, {
      cause: error,
      hint: error.statusCode === 403 ? CLOSED_VAULT : ODD_VAULT,
    });
  }
  if (error instanceof EdgeUnreachableError || error instanceof EdgeRefusedError) {
    return new UserError("E_UNREACHABLE", `edge: ${error.message}`, { cause: error });
  }
  if (error instanceof ForeignObjectError || error instanceof TamperedSchemaError) {
    return new UserError("E_PARTIAL_STATE", error.message, { cause: error });
  }
  return explainPostgres(error);
}

const CLOSED_VAULT =
  "The vault lets in neither this runner's network nor its identity (docs/azure.md, 'Private networking' and 'Roles').";
const ODD_VAULT = "The identity that runs this needs get, set, delete and recover on secrets of this vault.";

/** A service answered, and the identity lacks a role: neither away nor slow. Undefined for everything else. */
function explainDenial(error: unknown): NotAllowedError | undefined {
  const isRefused = error instanceof VaultRefusedError || error instanceof EdgeRefusedError;
  if (!isRefused || error.statusCode !== 403) return undefined;
  const denied = notAllowedIn(error.message, error);
  // Key Vault says 403 for other things too: a firewall, a disabled secret, purge protection.
  if (denied !== undefined || error instanceof VaultRefusedError) return denied;
  return new NotAllowedError(`edge: ${error.message}`, { cause: error });
}

/** The text Pulumi shows: it begins with the code, by which the CLI finds exit code and hint again. */
export function messageOf(error: unknown): string {
  if (error instanceof UserError) {
    const hint = error.hint === undefined ? "" : `\n  ${error.hint}`;
    return redact(`${error.code}: ${error.message}${hint}`);
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return redact(`a defect of tenantry (Node ${process.version}): ${text}`);
}

function explainPostgres(error: unknown): Error {
  if (error instanceof LockHeldError) return new UserError("E_LOCKED", `${error.message}.`, { cause: error });
  if (error instanceof PostgresError) return worded(error);
  const isFromServer = isConnectionLoss(error) || SQLSTATE_FORM.test(codeOf(error) ?? "");
  if (isFromServer) return worded(explainPostgresError(error, "PostgreSQL"));
  return error instanceof Error ? error : new InternalError(String(error));
}

const SQLSTATE_FORM = /^[0-9A-Z]{5}$/;

/** Problems of a server that pass without anybody changing the tenant. */
const AWAY: readonly PostgresError["problem"][] = [
  "unreachable",
  "login-refused",
  "no-connection-free",
  "timeout",
  "denied",
];

/** Something that should be there isn't whole. */
const PARTIAL: readonly PostgresError["problem"][] = ["missing", "interrupted-drop", "in-use"];

function worded(error: PostgresError): Error {
  if (error.problem === "disk-full") {
    return new UserError("E_UNREACHABLE", error.message, {
      cause: error,
      hint: "A server's disk is full. Give it room and run the same command again: it goes on where this one stopped.",
    });
  }
  if (AWAY.includes(error.problem)) return new UserError("E_UNREACHABLE", error.message, { cause: error });
  if (PARTIAL.includes(error.problem))
    return new UserError("E_PARTIAL_STATE", error.message, { cause: error });
  return error;
}

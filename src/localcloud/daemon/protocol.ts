import { type LocalCloudCode, LocalCloudError } from "../localCloudError.ts";

/** Prefix of the environment variables that are the local cloud's own settings. */
export const SETTING_PREFIX = "TENANTRY_LOCAL_";

/** The daemon's exit code when another process has the home. */
export const EXIT_LOCKED = 3;

/** The daemon's exit code when it left a `Problem` that stopped it. */
export const EXIT_PROBLEM = 4;

/** An error as it crosses from the daemon to whoever asked or started it. */
export interface Problem {
  readonly message: string;
  /** Of a LocalCloudError. */
  readonly code?: LocalCloudCode;
  readonly hint?: string;
}

/** An error made ready to cross. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof LocalCloudError))
    return { message: error instanceof Error ? error.message : String(error) };
  const { message, code, hint } = error;
  return { message, code, ...(hint === undefined ? {} : { hint }) };
}

/** The error again. */
export function errorOf({ message, code, hint }: Problem): LocalCloudError {
  return new LocalCloudError(code ?? "E_UNREACHABLE", message, hint === undefined ? {} : { hint });
}

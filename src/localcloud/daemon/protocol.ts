/** Prefix of the environment variables that are the local cloud's own settings. */
export const SETTING_PREFIX = "TENANTRY_LOCAL_";

/** The daemon's exit code when another process has the home. */
export const EXIT_LOCKED = 3;

/** An error as it crosses the daemon's control port. */
export interface Problem {
  readonly message: string;
  /** Of a LocalCloudError. */
  readonly code?: string;
  readonly hint?: string;
}

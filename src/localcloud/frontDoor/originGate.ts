import type http from "node:http";

/** What stands before the application: finds a request's tenant, or refuses it. */
export interface OriginGate {
  readonly server: http.Server;
  /** Lets go of master. */
  close(): Promise<void>;
}

/**
 * Makes the gate. This room imports nothing of the product: who starts the daemon hands it over (`bin/local-cloud.mjs`
 * that of `src/gate`).
 */
export type OpenOriginGate = (options: {
  /** Master's URL, or undefined while the platform isn't up. */
  readonly masterUrl: () => Promise<string | undefined>;
  /** Where the application answers. */
  readonly upstream: string;
  readonly onMasterAway: (reason: string) => void;
}) => OriginGate;

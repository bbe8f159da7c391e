/** What stands behind resources: real vaults and real PostgreSQL servers of the local cloud. */
export interface Backends {
  /** Starts (or finds running) a vault's data plane; what was in a recovered vault is still there. */
  startVault(name: string): Promise<{ readonly url: string }>;
  /** Stops answering; secrets stay on disk until the vault is purged. */
  stopVault(name: string): Promise<void>;
  purgeVault(name: string): Promise<void>;
  /** Makes (or continues making) a PostgreSQL cluster, starts it and gives its admin this verifier; idempotent. */
  startServer(server: ServerOrder): Promise<{ readonly port: number; readonly version: string }>;
  /** Stops the server and deletes its data; a missing one is done. */
  removeServer(name: string): Promise<void>;
}

export interface ServerOrder {
  readonly name: string;
  readonly admin: string;
  /** SCRAM-SHA-256 verifier: the clear password is never kept. */
  readonly verifier: string;
}

/** What `tenantry local status` shows. */
export interface LocalCloudStatus {
  readonly isRunning: boolean;
  readonly home: string;
  /** The daemon's; undefined when none runs. */
  readonly pid?: number;
  /** ISO time of the daemon's start. */
  readonly since?: string;
  /** The daemon's resident memory; PostgreSQL's is its own. */
  readonly memoryBytes?: number;
  /** Loopback ports by service name. */
  readonly ports: Readonly<Record<string, number>>;
  /** PostgreSQL servers that run, with or without a daemon. */
  readonly postgres: readonly { readonly name: string; readonly pid: number; readonly port: number }[];
  /** Documents in the store by namespace; undefined when no daemon runs to ask. */
  readonly stored?: Readonly<Record<string, number>>;
}

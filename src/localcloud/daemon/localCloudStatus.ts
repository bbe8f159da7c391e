import type { DiskUse } from "../diskUse.ts";
import type { MemoryUse } from "../memoryUse.ts";

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
  /** Documents in the store by namespace. */
  readonly stored: Readonly<Record<string, number>>;
  /** Vaults that are served, with what is in them. */
  readonly vaults: readonly { readonly name: string; readonly port: number; readonly secrets: number }[];
  /** What the daemon and each PostgreSQL server take, with the processes they started. */
  readonly memory: {
    readonly daemon?: MemoryUse;
    readonly postgres: Readonly<Record<string, MemoryUse>>;
  };
  /** Bytes on disk. */
  readonly disk: DiskUse;
}

/** What only the daemon can tell; undefined numbers where none runs. */
export type DaemonStatus = Omit<LocalCloudStatus, "stored" | "vaults" | "memory" | "disk">;

/** `tenantry local env --json`. */
export interface LocalEnvironment {
  readonly arm: { readonly url: string };
  /** The tenants' vault. */
  readonly keyVault: { readonly url: string };
  readonly dns: { readonly host: string; readonly port: number; readonly zone: string };
  readonly frontDoor: { readonly url: string };
  /** Servers that run. */
  readonly postgres: readonly { readonly name: string; readonly host: string; readonly port: number }[];
  /** Master's read-write URL, credentials included; empty before the platform stack is up. */
  readonly master: { readonly url: string };
  /** Where the stacks' state is. */
  readonly backend: { readonly url: string };
  /** Path of the local certificate authority. */
  readonly ca: string;
  /** Attached plugins: `azure-native:PORT,postgresql:PORT,random:PORT`. */
  readonly providers: string;
}

/** What a fault does; the local cloud refuses by name what it hasn't built for a service. */
export type FaultEffect =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly code?: string;
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: "latency"; readonly latencyMs: number }
  | { readonly kind: "cut"; readonly moment: "before" | "after" }
  | { readonly kind: "silence" | "servfail" | "originDown" }
  | { readonly kind: "sqlState"; readonly sqlState: string }
  | { readonly kind: "crash"; readonly restartAfterMs?: number };

/** `tenantry local fault add`. */
export interface FaultOrder {
  readonly service: string;
  readonly effect: FaultEffect;
  readonly name?: string;
  readonly method?: string;
  readonly path?: string;
  readonly times?: number;
  readonly after?: number;
}

/** A fault that is set. */
export interface FaultReport extends FaultOrder {
  readonly id: string;
  /** Matching requests so far, and those that it struck. */
  readonly seen: number;
  readonly struck: number;
}

/** The local cloud as the CLI sees it. */
export interface LocalCloud {
  /** Starts it, or finds it running. */
  start(): Promise<LocalEnvironment>;
  stop(): Promise<void>;
  reset(): Promise<void>;
  addFault(order: FaultOrder): Promise<FaultReport>;
  faults(): Promise<readonly FaultReport[]>;
  /** One by its id, or all; answers what was cleared. */
  clearFaults(id?: string): Promise<readonly FaultReport[]>;
  status(): Promise<LocalCloudStatus>;
  /** Looks, also at a home that is damaged; starts nothing. */
  inspect(): Promise<LocalCloudFacts>;
}

/** Memory of a process with all that it started. */
export interface MemoryUse {
  readonly bytes: number;
  readonly processes: number;
}

/** `tenantry local status --json`, without the backups that the CLI adds. */
export interface LocalCloudStatus {
  readonly isRunning: boolean;
  readonly home: string;
  readonly pid?: number;
  readonly since?: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly postgres: readonly { readonly name: string; readonly pid: number; readonly port: number }[];
  readonly stored: Readonly<Record<string, number>>;
  readonly vaults: readonly { readonly name: string; readonly port: number; readonly secrets: number }[];
  readonly memory: { readonly daemon?: MemoryUse; readonly postgres: Readonly<Record<string, MemoryUse>> };
  readonly disk: {
    readonly databases: Readonly<Record<string, number>>;
    readonly state: number;
    readonly backend: number;
    readonly log: number;
  };
}

/** What a doctor sees of it: `inspect.ts` of the room says each member. */
export interface LocalCloudFacts {
  readonly home: string;
  readonly place: string;
  readonly serverUsers: { readonly known: readonly string[]; readonly found?: string };
  readonly state: "absent" | "stopped" | "starting" | "running" | "unusable";
  readonly problem?: { readonly message: string; readonly hint?: string };
  readonly pid?: number;
  readonly takenPorts: readonly {
    readonly service: string;
    readonly port: number;
    readonly owner: { readonly pid?: number; readonly program?: string };
  }[];
  readonly servers: readonly { readonly name: string; readonly isRunning: boolean }[];
}

/** Front door of `src/localcloud`. */
export interface LocalCloudRoom {
  openLocalCloud(options: { readonly root: string; readonly identity?: string }): LocalCloud;
  environmentVariables(environment: LocalEnvironment): Record<string, string>;
  /** Bytes that a folder takes on disk; 0 for one that isn't there. */
  bytesIn(folder: string): Promise<number>;
}

/** The room can be deleted and the rest still type-checks: only a computed path leads there. */
const ROOM: string = "localcloud";

/** Opens the local cloud's room as an identity (default: `TENANTRY_LOCAL_IDENTITY`, else the owner); starts nothing. */
export async function openLocalDoor(
  root: string,
  identity?: string,
): Promise<{
  readonly cloud: LocalCloud;
  readonly environmentVariables: LocalCloudRoom["environmentVariables"];
  readonly bytesIn: LocalCloudRoom["bytesIn"];
}> {
  const room = (await import(`../${ROOM}/index.ts`)) as LocalCloudRoom;
  const { environmentVariables, bytesIn } = room;
  const cloud = room.openLocalCloud({ root, ...(identity === undefined ? {} : { identity }) });
  return { cloud, environmentVariables, bytesIn };
}

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
  status(): Promise<unknown>;
  addFault(order: FaultOrder): Promise<FaultReport>;
  faults(): Promise<readonly FaultReport[]>;
  /** One by its id, or all; answers what was cleared. */
  clearFaults(id?: string): Promise<readonly FaultReport[]>;
}

/** Front door of `src/localcloud`. */
export interface LocalCloudRoom {
  openLocalCloud(options: { readonly root: string; readonly identity?: string }): LocalCloud;
  environmentVariables(environment: LocalEnvironment): Record<string, string>;
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
}> {
  const room = (await import(`../${ROOM}/index.ts`)) as LocalCloudRoom;
  const cloud = room.openLocalCloud({ root, ...(identity === undefined ? {} : { identity }) });
  return { cloud, environmentVariables: room.environmentVariables };
}

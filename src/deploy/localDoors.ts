import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";

/** `tenantry local env --json`, as far as a run needs it. */
export interface LocalEnvironment {
  /** Attached plugins: `azure-native:PORT,postgresql:PORT,random:PORT`. */
  readonly providers: string;
  readonly backend: { readonly url: string };
  /** Folder of the local cloud's own files. */
  readonly home: string;
}

/** Front door of `src/localcloud`. */
interface LocalCloudRoom {
  openLocalCloud(options: { root: string }): { start(): Promise<LocalEnvironment> };
  environmentVariables(environment: LocalEnvironment): Record<string, string>;
}

/** Front door of `src/engine`. */
interface EngineRoom {
  createEmbeddedCommand(options: { onPoint?: (point: string) => void; keyFolder?: string }): PulumiCommand;
}

/** A running local cloud: what its environment is, and the variables that make processes use it. */
export interface RunningLocalCloud {
  readonly environment: LocalEnvironment;
  readonly variables: Readonly<Record<string, string>>;
}

/** Both rooms can be deleted and the rest still type-checks: they are only reached here, by a computed path. */
const ROOMS = { localcloud: "localcloud", engine: "engine" };

/** Starts the local cloud, or finds it running. */
export async function startLocalCloud(root: string): Promise<RunningLocalCloud> {
  const room = (await import(`../${ROOMS.localcloud}/index.ts`)) as LocalCloudRoom;
  const environment = await room.openLocalCloud({ root }).start();
  return { environment, variables: room.environmentVariables(environment) };
}

/** The engine that runs in this process. `keyFolder` keeps derived keys, where the passphrase is no secret. */
export async function openEmbeddedEngine(
  onPoint: ((point: string) => void) | undefined,
  keyFolder: string | undefined,
): Promise<PulumiCommand> {
  const room = (await import(`../${ROOMS.engine}/index.ts`)) as EngineRoom;
  return room.createEmbeddedCommand({
    ...(onPoint === undefined ? {} : { onPoint }),
    ...(keyFolder === undefined ? {} : { keyFolder }),
  });
}

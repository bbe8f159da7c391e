import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import type { OpenProvider } from "../provider/index.ts";
import { UserError } from "../tenant/errors.ts";

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
  openLocalCloud(options: { root: string }): {
    start(): Promise<LocalEnvironment>;
    env(): Promise<LocalEnvironment | undefined>;
  };
  environmentVariables(environment: LocalEnvironment): Record<string, string>;
}

/** Makers of providers of this process by package: each call gives the methods of one instance. */
type Services = Readonly<Record<string, OpenProvider["instance"]>>;

/** Front door of `src/engine`. */
interface EngineRoom {
  createEmbeddedCommand(options: {
    onPoint?: (point: string) => void;
    keyFolder?: string;
    services?: Services;
  }): PulumiCommand;
  readJournaledFile(path: string): Promise<{ readonly text: string } | undefined>;
  finishCutOffRun(backendUrl: string, project: string, stack: string): Promise<boolean>;
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

/** The local cloud when it runs; starts nothing of it. Throws `E_UNREACHABLE` when it doesn't. */
export async function findLocalCloud(root: string): Promise<RunningLocalCloud> {
  const room = (await import(`../${ROOMS.localcloud}/index.ts`)) as LocalCloudRoom;
  const environment = await room.openLocalCloud({ root }).env();
  if (environment === undefined) {
    throw new UserError("E_UNREACHABLE", "the local cloud doesn't run.", {
      hint: "`tenantry local start` starts it.",
    });
  }
  return { environment, variables: room.environmentVariables(environment) };
}

/** The engine that runs in this process. `keyFolder` keeps derived keys, where the passphrase is no secret. */
export async function openEmbeddedEngine(
  onPoint: ((point: string) => void) | undefined,
  keyFolder: string | undefined,
  services: Services,
): Promise<PulumiCommand> {
  const room = (await import(`../${ROOMS.engine}/index.ts`)) as EngineRoom;
  return room.createEmbeddedCommand({
    services,
    ...(onPoint === undefined ? {} : { onPoint }),
    ...(keyFolder === undefined ? {} : { keyFolder }),
  });
}

/** Text of a whole state whose run goes on, or was cut off: the checkpoint with what the engine's journal adds. */
export async function readJournaledState(path: string): Promise<string> {
  const room = (await import(`../${ROOMS.engine}/index.ts`)) as EngineRoom;
  return (await room.readJournaledFile(path))?.text ?? "";
}

/** Puts what the embedded engine's cut-off run left in its journal into the checkpoint; true when there was something. */
export async function finishJournal(backendUrl: string, project: string, stack: string): Promise<boolean> {
  const room = (await import(`../${ROOMS.engine}/index.ts`)) as EngineRoom;
  return await room.finishCutOffRun(backendUrl, project, stack);
}

import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  CommandError,
  type EngineEvent,
  LocalWorkspace,
  type PulumiCommand,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import type { Outcome, Resource, Stage, StepEvent } from "./outcome.ts";
import { type CleanPostgres, startCleanPostgres } from "./postgres.ts";

/** An engine, and what its runs find in their environment. */
export interface Engine {
  readonly name: string;
  readonly command: PulumiCommand;
  readonly variables: Readonly<Record<string, string>>;
}

const STACK = "dev";
const MODULES = resolve(import.meta.dirname, "../../node_modules");
/** Belongs to the passphrase below: a file backend's stack has one, and only the official CLI writes it by itself. */
const SALT = "v1:Wbw8NgvCows=:v1:+yvZOwnsFI3emsst:NgK2ZvBRCHk3AnlClj9u3RDHo3m4Yw==";
const PASSPHRASE = "local";

/**
 * Previews, applies, previews, refreshes and destroys a copy of the Pulumi program in `folder`, on a backend and, if it
 * uses one, a PostgreSQL of its own. In `place` the copy stands at the same path for every engine.
 */
export async function playProgram(engine: Engine, folder: string, place: string): Promise<Outcome> {
  const program = join(place, "program");
  for (const name of ["program", "backend"]) await rm(join(place, name), { recursive: true, force: true });
  for (const name of ["backend", "home"]) await mkdir(join(place, name), { recursive: true });
  await cp(folder, program, { recursive: true, filter: (path) => !path.endsWith("node_modules") });
  await symlink(MODULES, join(program, "node_modules"));
  const server = (await usesPostgres(program)) ? await startCleanPostgres(place) : undefined;
  try {
    await writeConfig(program, server);
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: STACK, workDir: program },
      { pulumiCommand: engine.command, envVars: { ...variablesOf(place), ...engine.variables } },
    );
    return await play(stack);
  } finally {
    await server?.stop();
  }
}

function variablesOf(place: string): Record<string, string> {
  return {
    PULUMI_HOME: join(place, "home"),
    PULUMI_BACKEND_URL: `file://${join(place, "backend")}`,
    PULUMI_CONFIG_PASSPHRASE: PASSPHRASE,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}

async function usesPostgres(program: string): Promise<boolean> {
  const names = await readdir(program, { recursive: true });
  const sources = names.filter((name) => /\.[cm]?[jt]s$/.test(name) && !name.includes("node_modules"));
  const texts = await Promise.all(sources.map((name) => readFile(join(program, name), "utf8")));
  return texts.some((text) => text.includes("@pulumi/postgresql"));
}

/** The program's own stack file, with a key and the server's address; `$POSTGRES_…` in it stands for the server's. */
async function writeConfig(program: string, server: CleanPostgres | undefined): Promise<void> {
  const path = join(program, `Pulumi.${STACK}.yaml`);
  const text = await readFile(path, "utf8").catch(emptyIfMissing);
  const filled = Object.entries(server?.values ?? {}).reduce(
    (done, [name, value]) => done.replaceAll(`$POSTGRES_${name.toUpperCase()}`, value),
    text,
  );
  const { config, ...rest } = (parse(filled) ?? {}) as { config?: Record<string, unknown> };
  const own = Object.entries(server?.values ?? {}).map(([name, value]) => [`postgresql:${name}`, value]);
  await writeFile(
    path,
    stringify({ encryptionsalt: SALT, ...rest, config: { ...Object.fromEntries(own), ...config } }),
  );
}

function emptyIfMissing(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT") return "";
  throw error;
}

async function play(stack: Stack): Promise<Outcome> {
  const stages: Stage[] = [];
  const states: Record<string, readonly Resource[]> = {};
  const look = async (name: string): Promise<void> => {
    const { deployment } = (await stack.exportStack()) as { deployment: { resources?: Resource[] } };
    states[name] = deployment.resources ?? [];
  };
  stages.push(await stageOf("preview", (onEvent) => stack.preview({ onEvent })));
  stages.push(await stageOf("up", (onEvent) => stack.up({ onEvent })));
  const outputs = await stack.outputs();
  await look("up");
  stages.push(await stageOf("preview again", (onEvent) => stack.preview({ onEvent })));
  stages.push(await stageOf("refresh", (onEvent) => stack.refresh({ onEvent })));
  await look("refresh");
  stages.push(await stageOf("destroy", (onEvent) => stack.destroy({ onEvent })));
  await look("destroy");
  return { stages, outputs, states };
}

async function stageOf(
  name: string,
  run: (onEvent: (event: EngineEvent) => void) => Promise<unknown>,
): Promise<Stage> {
  const events: EngineEvent[] = [];
  const failure = await run((event) => events.push(event)).then(() => undefined, failureOf);
  const changes = events.find(({ summaryEvent }) => summaryEvent)?.summaryEvent?.resourceChanges ?? {};
  return { name, failure, steps: events.flatMap(stepEvents), changes: changes as Record<string, number> };
}

/** The first line that says what went wrong. */
function failureOf(error: unknown): string {
  if (!(error instanceof CommandError)) throw error;
  const lines = error.message.split("\n").map((line) => line.trim().replace(/^std(?:err|out): /, ""));
  return lines.find((line) => line.startsWith("error: ")) ?? lines.find((line) => line !== "") ?? "failed";
}

function stepEvents(event: EngineEvent): readonly StepEvent[] {
  const moments = [
    ["began", event.resourcePreEvent],
    ["ended", event.resOutputsEvent],
    ["failed", event.resOpFailedEvent],
  ] as const;
  return moments.flatMap(([moment, found]) =>
    found === undefined ? [] : [{ moment, op: found.metadata.op, urn: found.metadata.urn }],
  );
}

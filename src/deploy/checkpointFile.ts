import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { UserError } from "../tenant/errors.ts";
import type { Deployment } from "./deployment.ts";
import { readJournaledState } from "./localDoors.ts";
import { copiesOf } from "./stateCopies.ts";

/** A stack's state in Pulumi's file backend, as far as we look into it. */
export type Checkpoint = Pick<Deployment["deployment"], "resources" | "pending_operations">;

interface CheckpointFile {
  readonly version?: unknown;
  readonly checkpoint?: { readonly stack?: unknown; readonly latest?: Checkpoint | null } | null;
}

/** Newest form of Pulumi's checkpoint files that this release reads. */
const NEWEST_VERSION = 4;

/** What is wrong with a state file, after its name. */
class StateProblem extends Error {}

/**
 * Reads a checkpoint file without an engine, which would cost a process and decrypt what nobody asked for; undefined
 * when there is none. Throws `E_STATE` for one that can't be read, is damaged, newer, another stack's, or has vanished
 * and left copies, for that is never "no resources" (F6, F7).
 */
export async function findCheckpoint(path: string): Promise<Checkpoint | undefined> {
  try {
    if (existsSync(path)) return await read(path, path);
  } catch (error) {
    if (!(error instanceof StateProblem)) throw error;
    throw unusableState(path, error.message, await lastGoodCopy(path), error);
  }
  const copy = await lastGoodCopy(path);
  if (copy === undefined || (await isEmpty(copy, path))) return undefined;
  throw unusableState(path, "is missing, and copies of it hold resources", copy);
}

/** Words for a state file that must not be used, wherever that was found out; `copy` is the last good one. */
export function unusableState(
  path: string,
  problem: string,
  copy: string | undefined,
  cause?: unknown,
): UserError {
  const hint =
    copy === undefined
      ? "There is no good copy of it beside it."
      : `Put the last good copy in its place: '${copy}'.`;
  return new UserError("E_STATE", `state file '${path}' ${problem}. Nothing was touched.`, { hint, cause });
}

/** The newest copy that is whole and of the same stack. */
async function lastGoodCopy(path: string): Promise<string | undefined> {
  for (const copy of await copiesOf(path)) if (await isGood(copy, path)) return copy;
  return undefined;
}

async function isGood(copy: string, path: string): Promise<boolean> {
  try {
    await read(copy, path);
    return true;
  } catch (error) {
    if (error instanceof StateProblem || error instanceof UserError) return false;
    throw error;
  }
}

async function isEmpty(copy: string, path: string): Promise<boolean> {
  const { resources, pending_operations: pending } = await read(copy, path);
  return (resources?.length ?? 0) + (pending?.length ?? 0) === 0;
}

/** Reads `file`, which must hold the state of the stack whose state file is at `path`. */
async function read(file: string, path: string): Promise<Checkpoint> {
  const { version, checkpoint } = parse(await readStateText(file)) as CheckpointFile;
  if (typeof version !== "number" || typeof checkpoint !== "object" || checkpoint === null)
    throw new StateProblem("is damaged: it is no checkpoint of Pulumi");
  if (version > NEWEST_VERSION) throw newerState(path, version);
  const latest = checkpoint.latest ?? {};
  refuseForeign(path, checkpoint.stack, latest);
  return latest;
}

/** Text of the stack's whole state; a state file is never changed by looking at it. */
export async function readStateText(file: string): Promise<string> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new StateProblem(`can't be read: ${error.message}`, { cause: error });
  });
  if (!isMarked(text)) return text;
  return await readJournaledState(file).catch((error: Error) => {
    throw new StateProblem(`and its journal: ${error.message}`, { cause: error });
  });
}

/** Whether the embedded engine's run of this stack goes on or was cut off, so that no other engine can read it. */
export async function isJournaled(path: string): Promise<boolean> {
  return isMarked(await readFile(path, "utf8"));
}

/** The mark stands at the front: a large state isn't parsed for it. */
function isMarked(text: string): boolean {
  return /^\{"version":\d+,"features":\[[^\]]*"tenantryJournal"/.test(text);
}

/** Another stack's state that was copied here by mistake. */
function refuseForeign(path: string, name: unknown, { resources }: Checkpoint): void {
  const [stack, project] = [basename(path, ".json"), basename(dirname(path))];
  const names: readonly unknown[] = [
    undefined,
    stack,
    `${project}/${stack}`,
    `organization/${project}/${stack}`,
  ];
  if (!names.includes(name))
    throw new StateProblem(`is not the stack '${stack}': it is of the stack '${name}'`);
  const stranger = resources?.find(({ urn }) => !urn.startsWith(`urn:pulumi:${stack}::${project}::`));
  if (stranger !== undefined)
    throw new StateProblem(
      `is not the stack '${stack}': resource '${stranger.urn}' is not of the stack '${stack}'`,
    );
}

function parse(text: string): object {
  if (text.trim() === "") throw new StateProblem("is damaged: it is empty");
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new StateProblem(`is damaged: ${error.message}`, { cause: error });
  }
  throw new StateProblem("is damaged: it is no checkpoint of Pulumi");
}

function newerState(path: string, version: number): UserError {
  return new UserError(
    "E_STATE",
    `state file '${path}': expected version ${NEWEST_VERSION} or older; got ${version}. Nothing was touched.`,
    { hint: "A newer release wrote it: run that one." },
  );
}

import { readFile } from "node:fs/promises";
import { UserError } from "../tenant/errors.ts";
import type { Deployment } from "./deployment.ts";
import { readJournaledState } from "./localDoors.ts";

/** A stack's state in Pulumi's file backend, as far as we look into it. */
export type Checkpoint = Pick<Deployment["deployment"], "resources" | "pending_operations">;

interface CheckpointFile {
  readonly version?: unknown;
  readonly checkpoint?: { readonly latest?: Checkpoint | null } | null;
}

/** Newest form of Pulumi's checkpoint files that this release reads. */
const NEWEST_VERSION = 4;

/**
 * Reads a checkpoint file without an engine, which would cost a process and decrypt what nobody asked for. Throws
 * `E_STATE` for a damaged or newer one, for that is never "no resources" (F6).
 */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { version, checkpoint } = parse(await readStateText(path), path) as CheckpointFile;
  if (typeof version !== "number" || typeof checkpoint !== "object" || checkpoint === null)
    throw damagedState(path, "it is no checkpoint of Pulumi");
  if (version > NEWEST_VERSION) throw newerState(path, version);
  return checkpoint.latest ?? {};
}

/** Text of the stack's whole state; a state file is never changed by looking at it. */
export async function readStateText(path: string): Promise<string> {
  const text = await readFile(path, "utf8");
  if (!isMarked(text)) return text;
  return await readJournaledState(path).catch((error: unknown) => {
    throw damagedState(path, error instanceof Error ? error.message : String(error), error);
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

function parse(text: string, path: string): object {
  if (text.trim() === "") throw damagedState(path, "it is empty");
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === "object" && json !== null) return json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw damagedState(path, error.message, error);
  }
  throw damagedState(path, "it is no checkpoint of Pulumi");
}

/** Words for a state file that can't be read, wherever that was found out. */
export function damagedState(path: string, reason: string, cause?: unknown): UserError {
  return new UserError("E_STATE", `state file '${path}' is damaged: ${reason}. Nothing was touched.`, {
    hint: `Put a good copy in its place; '${path}.bak' is the state before the last write.`,
    cause,
  });
}

function newerState(path: string, version: number): UserError {
  return new UserError(
    "E_STATE",
    `state file '${path}': expected version ${NEWEST_VERSION} or older; got ${version}. Nothing was touched.`,
    { hint: "A newer release wrote it: run that one." },
  );
}

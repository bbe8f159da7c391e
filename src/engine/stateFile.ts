import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type FileBackend, listFolder, type StackId } from "./backend.ts";
import {
  type DeploymentJson,
  JOURNAL_FEATURE,
  parseCheckpoint,
  type UntypedDeployment,
} from "./checkpoint.ts";
import { hasErrorCode } from "./durableFile.ts";
import { EngineError, messageOf } from "./errors.ts";
import { verifyIntegrity } from "./snapshot.ts";
import { newState, type ResourceState } from "./state.ts";
import { damaged, StateFileError, unreadable } from "./stateFileError.ts";

type Json = Record<string, unknown>;

/**
 * A stack's checkpoint, or undefined when there is no such stack. What can't be read, is damaged, is another stack's or
 * has vanished is refused with the path of the last good copy: it is never taken for a stack without resources.
 */
export async function readStateFile(
  backend: FileBackend,
  id: StackId,
): Promise<UntypedDeployment | undefined> {
  try {
    const text = await readStateText(backend, id);
    return text === undefined ? undefined : inspect(text, backend.checkpointPath(id), id);
  } catch (error) {
    throw await withGoodCopy(error, backend, id);
  }
}

/** Whether a stack's checkpoint is there, whatever its content; one that has vanished is refused. */
export async function hasStateFile(backend: FileBackend, id: StackId): Promise<boolean> {
  try {
    return (await readStateText(backend, id)) !== undefined;
  } catch (error) {
    throw await withGoodCopy(error, backend, id);
  }
}

/** Puts a cut-off run's files in order, under the stack's lock; true when there was a state to finish. */
export async function recoverState(backend: FileBackend, id: StackId): Promise<boolean> {
  try {
    return await backend.recover(id);
  } catch (error) {
    const known = error instanceof EngineError ? error : unreadable(backend.checkpointPath(id), error);
    throw await withGoodCopy(known, backend, id);
  }
}

/** The error with where the last good copy lies; what isn't about a state file stays as it is. */
export async function withGoodCopy(error: unknown, backend: FileBackend, id: StackId): Promise<unknown> {
  if (!(error instanceof StateFileError)) return error;
  const copy = await lastGoodCopy(backend, id);
  const words =
    copy === undefined
      ? "; there is no good copy of it"
      : `; the last good copy is '${copy.path}', of ${copy.time.toISOString()} with ${copy.resources} resource(s)`;
  return new StateFileError(error.path, error.problem, words, error);
}

async function readStateText(backend: FileBackend, id: StackId): Promise<string | undefined> {
  const path = backend.checkpointPath(id);
  let text: string | undefined;
  try {
    text = (await backend.readState(id))?.text;
  } catch (error) {
    throw error instanceof EngineError ? error : unreadable(path, error);
  }
  if (text !== undefined) return text;
  const copy = await lastGoodCopy(backend, id);
  if (copy === undefined || copy.resources === 0) return undefined;
  throw new StateFileError(path, "is missing: copies of it are there, which hold resources");
}

/** Checks all that shows without a key: the form, whose it is, and that each resource comes after what it needs. */
function inspect(text: string, path: string, id: StackId): UntypedDeployment {
  const checkpoint = parseCheckpoint(text, path);
  const { resources = [], pending_operations: operations = [] } = checkpoint.deployment;
  requireOwn(path, id, checkpoint.stack, [...resources, ...operations.map(({ resource }) => resource)]);
  try {
    verifyIntegrity(resources.map(skeletonOf));
  } catch (error) {
    throw damaged(path, messageOf(error), error);
  }
  return checkpoint;
}

function requireOwn(path: string, id: StackId, stack: string | undefined, resources: readonly Json[]): void {
  const { project, stack: name } = id;
  const isNamedOtherwise =
    stack !== undefined && ![name, `${project}/${name}`, `organization/${project}/${name}`].includes(stack);
  if (isNamedOtherwise) throw foreign(path, name, `it is of the stack '${stack}'`);
  const stranger = resources.find(({ urn }) => !String(urn).startsWith(`urn:pulumi:${name}::${project}::`));
  if (stranger !== undefined)
    throw foreign(path, name, `resource '${String(stranger.urn)}' is not of the stack '${name}'`);
}

function foreign(path: string, stack: string, why: string): StateFileError {
  return new StateFileError(path, `is not the stack '${stack}': ${why}`);
}

/** What a resource is and refers to; its values stay sealed. */
function skeletonOf(json: Json): ResourceState {
  const text = (field: string): string => (json[field] as string | null | undefined) ?? "";
  const texts = (field: string): readonly string[] => (json[field] as string[] | null | undefined) ?? [];
  return newState({
    urn: text("urn"),
    type: text("type"),
    id: text("id"),
    delete: json.delete === true,
    provider: text("provider"),
    parent: text("parent"),
    deletedWith: text("deletedWith"),
    dependencies: texts("dependencies"),
    replaceWith: texts("replaceWith"),
    propertyDependencies: (json.propertyDependencies as Record<string, string[]> | null | undefined) ?? {},
  });
}

/** A copy of a stack's checkpoint that was read and is sound. */
interface GoodCopy {
  readonly path: string;
  /** When it was written. */
  readonly time: Date;
  readonly resources: number;
}

/** The newer of the backup, which is the state before the last write, and of history's newest sound checkpoint. */
async function lastGoodCopy(backend: FileBackend, id: StackId): Promise<GoodCopy | undefined> {
  const backup = await goodCopy(`${backend.checkpointPath(id)}.bak`, id);
  const kept = await newestInHistory(backend.historyFolder(id), id);
  if (backup === undefined || kept === undefined) return backup ?? kept;
  return kept.time > backup.time ? kept : backup;
}

async function newestInHistory(folder: string, id: StackId): Promise<GoodCopy | undefined> {
  const names = (await listFolder(folder)).filter((name) => name.endsWith(".checkpoint.json")).reverse();
  for (const name of names) {
    const copy = await goodCopy(join(folder, name), id);
    if (copy !== undefined) return copy;
  }
  return undefined;
}

/** Undefined when it isn't there, can't be read or isn't sound. */
async function goodCopy(path: string, id: StackId): Promise<GoodCopy | undefined> {
  try {
    const text = await readFile(path, "utf8");
    const { deployment, features = [] } = inspect(text, path, id);
    // Without its journal it is not all that was.
    if (features.includes(JOURNAL_FEATURE)) return undefined;
    return { path, time: (await stat(path)).mtime, resources: countOf(deployment) };
  } catch (error) {
    if (error instanceof EngineError || hasErrorCode(error, UNUSABLE)) return undefined;
    throw error;
  }
}

/** What the file system answers for a copy that is no use to anybody. */
const UNUSABLE: readonly string[] = ["ENOENT", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "ELOOP", "EIO"];

function countOf({ resources = [], pending_operations: operations = [] }: DeploymentJson): number {
  return (resources ?? []).length + (operations ?? []).length;
}

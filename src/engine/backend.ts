import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createFile,
  createFileOnce,
  hasErrorCode,
  readIfPresent,
  removeIfPresent,
  removeTemporary,
  replaceFile,
} from "./durableFile.ts";
import { EngineError, refuse } from "./errors.ts";
import { foldJournal, journalPathOf, readStateFile, type StateFile } from "./stateFile.ts";

/** A stack of the backend; `organization` is the only organization there is. */
export interface StackId {
  readonly project: string;
  readonly stack: string;
}

/** Ends of checkpoint files that only the official CLI writes. */
const COMPRESSED = [".json.gz", ".json.zst"];

/** Pulumi's file backend: where each of a stack's files lies. */
export class FileBackend {
  readonly url: string;
  readonly root: string;

  constructor(url: string, cwd: string) {
    if (!url.startsWith("file://")) throw refuse(`the backend '${url}' (only file:// backends)`);
    this.url = url;
    this.root = join(folderOf(url, cwd), ".pulumi");
  }

  checkpointPath({ project, stack }: StackId): string {
    return join(this.root, "stacks", project, `${stack}.json`);
  }

  historyFolder({ project, stack }: StackId): string {
    return join(this.root, "history", project, stack);
  }

  /** Holds all locks; no lock lies in it directly. */
  get lockRoot(): string {
    return join(this.root, "locks");
  }

  lockFolder({ project, stack }: StackId): string {
    return join(this.root, "locks", "organization", project, stack);
  }

  /** The stack's state, or undefined when the stack doesn't exist. */
  async readState(id: StackId): Promise<StateFile | undefined> {
    const path = this.checkpointPath(id);
    const file = await readStateFile(path);
    if (file === undefined) await this.#refuseCompressed(path);
    return file;
  }

  async #refuseCompressed(path: string): Promise<void> {
    const names = await listFolder(dirname(path));
    const name = basename(path, ".json");
    const compressed = COMPRESSED.map((end) => name + end).find((candidate) => names.includes(candidate));
    if (compressed !== undefined) throw refuse(`compressed state ('${join(dirname(path), compressed)}')`);
  }

  /**
   * Cleans up after a process that was killed in the middle of a run; only under the stack's lock. True when there was
   * a state to finish.
   */
  async recover(id: StackId): Promise<boolean> {
    const path = this.checkpointPath(id);
    await removeTemporary(path, await listFolder(dirname(path)));
    return await foldJournal(path);
  }

  async writeCheckpoint(id: StackId, text: string): Promise<void> {
    await replaceFile(this.checkpointPath(id), text);
  }

  /** Writes the state that a run ends with and takes its journal away; the backup stays that of before the run. */
  async foldCheckpoint(id: StackId, text: string): Promise<void> {
    const path = this.checkpointPath(id);
    await replaceFile(path, text, { keepsBackup: false });
    await removeIfPresent(journalPathOf(path));
  }

  /** The first checkpoint of a stack; false when there is one already. */
  createCheckpoint(id: StackId, text: string): Promise<boolean> {
    return createFileOnce(this.checkpointPath(id), text);
  }

  /** Makes a new stack's folders and the backend's own mark. */
  async prepare(id: StackId): Promise<void> {
    await mkdir(dirname(this.checkpointPath(id)), { recursive: true });
    const meta = join(this.root, "meta.yaml");
    if ((await readIfPresent(meta)) === undefined) await createFile(meta, "version: 1\n");
  }

  /** All stacks of the backend, sorted by name. */
  async listStacks(): Promise<readonly StackId[]> {
    const projects = await listFolder(join(this.root, "stacks"));
    const stacks = await Promise.all(projects.map((project) => this.#stacksOf(project)));
    return stacks.flat();
  }

  async #stacksOf(project: string): Promise<readonly StackId[]> {
    const names = await listFolder(join(this.root, "stacks", project));
    const checkpoints = names.filter((name) => name.endsWith(".json"));
    return checkpoints.map((name) => ({ project, stack: name.slice(0, -".json".length) }));
  }

  /** When the stack was last written. */
  async lastUpdate(id: StackId): Promise<Date> {
    return (await stat(this.checkpointPath(id))).mtime;
  }

  /** Removes a stack's checkpoint, backups and history. */
  async remove(id: StackId): Promise<void> {
    const path = this.checkpointPath(id);
    for (const end of ["", ".attrs", ".bak", ".bak.attrs"]) await removeIfPresent(path + end);
    await removeIfPresent(journalPathOf(path));
    await rm(this.historyFolder(id), { recursive: true, force: true });
    await rm(join(this.root, "backups", id.project, id.stack), { recursive: true, force: true });
  }
}

function folderOf(url: string, cwd: string): string {
  const path = url.slice("file://".length).split("?")[0] ?? "";
  if (path === "") throw new EngineError(`the backend '${url}' names no folder`);
  if (path === "~" || path.startsWith("~/")) return join(homedir(), path.slice(1));
  return path.startsWith("/") ? fileURLToPath(`file://${path}`) : resolve(cwd, path);
}

/** Names in a folder, sorted; none when there is no such folder. */
export async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    if (hasErrorCode(error, ["ENOENT"])) return [];
    throw error;
  }
}

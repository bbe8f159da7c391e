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
import { EngineError, refuse, unwritable } from "./errors.ts";
import { foldJournal, type JournaledFile, journalPathOf, readJournaledFile } from "./journaledFile.ts";

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
  async readState(id: StackId): Promise<JournaledFile | undefined> {
    const path = this.checkpointPath(id);
    const file = await readJournaledFile(path);
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

  /** Throws an error that names the file when it can't be written: then the one before it stays. */
  async writeCheckpoint(id: StackId, text: string): Promise<void> {
    const path = this.checkpointPath(id);
    try {
      await replaceFile(path, text);
    } catch (error) {
      throw unwritable("state file", path, error, "The state before it stays.");
    }
  }

  /** Writes the state that a run ends with and takes its journal away; the backup stays that of before the run. */
  async foldCheckpoint(id: StackId, text: string): Promise<void> {
    const path = this.checkpointPath(id);
    try {
      await replaceFile(path, text, { keepsBackup: false });
    } catch (error) {
      throw unwritable("state file", path, error, "What was saved is in the journal beside it.");
    }
    await removeIfPresent(journalPathOf(path));
  }

  /** The first checkpoint of a stack; false when there is one already. */
  async createCheckpoint(id: StackId, text: string): Promise<boolean> {
    const path = this.checkpointPath(id);
    try {
      return await createFileOnce(path, text);
    } catch (error) {
      throw unwritable("state file", path, error, "There is no such stack yet.");
    }
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

  /** Removes a stack's backups and history, then its checkpoint: copies without one look like a loss. */
  async remove(id: StackId): Promise<void> {
    const path = this.checkpointPath(id);
    await removeIfPresent(journalPathOf(path));
    await rm(this.historyFolder(id), { recursive: true, force: true });
    await rm(join(this.root, "backups", id.project, id.stack), { recursive: true, force: true });
    for (const end of [".bak", ".bak.attrs", ".attrs", ""]) await removeIfPresent(path + end);
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

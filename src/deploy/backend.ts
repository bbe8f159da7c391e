import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { readCheckpoint, readStateText } from "./checkpointFile.ts";

/** Name of the project in `Pulumi.yaml`: part of every path of a backend. */
export const PROJECT = "tenantry";

/** A DIY backend in a folder: Pulumi's own layout of files. */
export interface FolderBackend {
  readonly url: string;
  readonly folder: string;
  /** Folder of the stack's lock files; may not be there. */
  lockFolder(stack: string): string;
  /** Path of the stack's checkpoint; may not be there. */
  checkpoint(stack: string): string;
}

/** The backend of a `file://` URL; undefined for every other kind, which only the official CLI can read. */
export function folderBackend(url: string | undefined): FolderBackend | undefined {
  if (url === undefined || !url.startsWith("file://")) return undefined;
  const folder = url.startsWith("file:///") ? fileURLToPath(url) : join(process.cwd(), url.slice(7));
  return {
    url,
    folder,
    lockFolder: (stack) => join(folder, ".pulumi", "locks", "organization", PROJECT, stack),
    checkpoint: (stack) => join(folder, ".pulumi", "stacks", PROJECT, `${stack}.json`),
  };
}

/** Whether a stack's checkpoint names operations that a killed run left. Cheap: no engine runs. */
export async function hasPendingOperations(backend: FolderBackend, stack: string): Promise<boolean> {
  const path = backend.checkpoint(stack);
  if (!existsSync(path)) return false;
  const { pending_operations: pending } = await readCheckpoint(path);
  return (pending?.length ?? 0) > 0;
}

/** A backend of its own for one preview, with copies of the named stacks as far as they are there. */
export async function withScratchBackend<Answer>(
  real: FolderBackend,
  stacks: readonly string[],
  use: (backend: FolderBackend) => Promise<Answer>,
): Promise<Answer> {
  return withTemporaryFolder("preview", async (folder) => {
    const scratch = folderBackend(pathToFileURL(folder).href) as FolderBackend;
    for (const stack of stacks.filter((each) => existsSync(real.checkpoint(each)))) {
      const path = scratch.checkpoint(stack);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, await readStateText(real.checkpoint(stack)), { mode: 0o600 });
      // Without it Pulumi takes the folder for one of the layout before projects.
      await writeFile(join(folder, ".pulumi", "meta.yaml"), "version: 1\n");
    }
    return use(scratch);
  });
}

/** A folder that is there as long as `use` runs. */
export async function withTemporaryFolder<Answer>(
  purpose: string,
  use: (folder: string) => Promise<Answer>,
): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), `tenantry-${purpose}-`));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

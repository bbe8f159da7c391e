import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Copies that Pulumi's file backend keeps of a state file, the newest first: the backup, which is the state before
 * the last write, and what each run left in the history. Whether they are whole is not looked at.
 */
export async function copiesOf(path: string): Promise<readonly string[]> {
  const backup = `${path}.bak`;
  const history = (await historyOf(path)).reverse();
  const [newest] = history;
  const isOlder = newest !== undefined && (await writtenMs(newest)) > (await writtenMs(backup));
  return isOlder ? [newest, backup, ...history.slice(1)] : [backup, ...history];
}

/** `<root>/.pulumi/stacks/<project>/<stack>.json` has its history in `<root>/.pulumi/history/<project>/<stack>`. */
async function historyOf(path: string): Promise<string[]> {
  const folder = join(dirname(path), "../../history", basename(dirname(path)), basename(path, ".json"));
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names
    .filter((name) => name.endsWith(".checkpoint.json"))
    .sort()
    .map((name) => join(folder, name));
}

/** 0 for what isn't there. */
async function writtenMs(path: string): Promise<number> {
  return await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return 0;
      throw error;
    },
  );
}

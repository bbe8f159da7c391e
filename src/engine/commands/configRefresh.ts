import { constants } from "node:fs";
import { copyFile } from "node:fs/promises";
import { type CommandContext, stackContext } from "../commandContext.ts";
import { ConfigEditor } from "../configEdits.ts";
import { readIfPresent } from "../durableFile.ts";
import { EngineError } from "../errors.ts";
import { readHistory } from "../history.ts";

/** Puts the config of the stack's last run into its file; without `--force` a copy of the file is kept beside it. */
export async function refreshConfig(context: CommandContext): Promise<void> {
  const stack = await stackContext(context);
  const editor = await ConfigEditor.open(context, stack);
  const [latest] = await readHistory(stack.backend, stack.id, 1, 1);
  if (latest === undefined) throw new EngineError("getting latest configuration: no previous deployment");
  const isKept = !context.invocation.flags.has("--force") && (await readIfPresent(editor.path)) !== undefined;
  if (isKept) await keepCopy(context, editor.path);
  await editor.restore(latest.config);
  if (isKept) context.out(`refreshed configuration for stack '${stack.id.stack}'\n`);
}

async function keepCopy(context: CommandContext, path: string): Promise<void> {
  let copy = `${path}.bak`;
  while ((await readIfPresent(copy)) !== undefined) copy += ".bak";
  await copyFile(path, copy, constants.COPYFILE_EXCL);
  context.out(`backed up existing configuration file to ${copy}\n`);
}

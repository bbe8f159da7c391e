import { userInfo } from "node:os";
import { isOn } from "../args.ts";
import { MANIFEST_VERSION } from "../checkpoint.ts";
import { backendOf, type CommandContext, stackContext } from "../commandContext.ts";
import { misuse } from "../errors.ts";
import { run } from "../run.ts";
import { readStack } from "../stackFile.ts";
import { getConfig, removeAllConfig, removeConfig, setAllConfig, setConfig, showConfig } from "./config.ts";
import { refreshConfig } from "./configRefresh.ts";
import { showHistory } from "./history.ts";
import { showOutputs } from "./outputs.ts";
import { renameStack } from "./renameStack.ts";
import {
  cancelStack,
  exportStack,
  importStack,
  initStack,
  listStacks,
  removeStack,
  selectStack,
} from "./stack.ts";
import {
  clearPendingCreates,
  deleteState,
  importPendingCreates,
  protectState,
  unprotectState,
} from "./state.ts";

type Command = (context: CommandContext) => Promise<void>;

/** What each command of `args.ts` does. */
export const ACTIONS: Readonly<Record<string, Command>> = {
  version: async (context) => context.out(`${MANIFEST_VERSION}\n`),
  whoami: async (context) => showUser(context),
  login: async (context) => context.out(`Logged in to ${backendOf(context, undefined).url}\n`),
  cancel: cancelStack,
  preview: (context) => run(context, { kind: "preview", mode: "update", preview: true, runsProgram: true }),
  up: (context) => run(context, { kind: "update", mode: "update", preview: false, runsProgram: true }),
  refresh: refreshStack,
  destroy: destroyStack,
  config: showConfig,
  "config get": getConfig,
  "config set": setConfig,
  "config set-all": setAllConfig,
  "config refresh": refreshConfig,
  "config rm": removeConfig,
  "config rm-all": removeAllConfig,
  "stack init": initStack,
  "stack select": selectStack,
  "stack ls": listStacks,
  "stack rm": removeStack,
  "stack rename": renameStack,
  "stack output": showOutputs,
  "stack export": exportStack,
  "stack import": importStack,
  "stack history": showHistory,
  "state delete": deleteState,
  "state protect": protectState,
  "state unprotect": unprotectState,
};

async function refreshStack(context: CommandContext): Promise<void> {
  const { flags, lists } = context.invocation;
  const clears = flags.has("--clear-pending-creates");
  if (clears && flags.has("--skip-pending-creates"))
    throw misuse("cannot set both --skip-pending-creates and --clear-pending-creates");
  const imports = lists.get("--import-pending-creates");
  if (imports !== undefined) await importPendingCreates(context, imports);
  if (clears) await clearPendingCreates(context);
  await run(context, { kind: "refresh", mode: "refresh", ...programOf(context) });
}

/** With `--remove` the emptied stack goes too; one of which a part was to stay doesn't. */
async function destroyStack(context: CommandContext): Promise<void> {
  await run(context, { kind: "destroy", mode: "destroy", ...programOf(context) });
  const { flags } = context.invocation;
  if (!flags.has("--remove") || flags.has("--preview-only") || flags.has("--target")) return;
  const { deployment } = await readStack(await stackContext(context));
  const isKept = flags.has("--exclude-protected") && (deployment.resources?.length ?? 0) > 0;
  if (!isKept) await removeStack(context);
}

/** A destroy or refresh runs the program only when it is told to. */
function programOf({ invocation }: CommandContext): { preview: boolean; runsProgram: boolean } {
  return {
    preview: invocation.flags.has("--preview-only"),
    runsProgram: isOn(invocation.flags.get("--run-program")),
  };
}

function showUser(context: CommandContext): void {
  const { url } = backendOf(context, undefined);
  const { username: user } = userInfo();
  context.out(context.invocation.flags.has("--json") ? `${JSON.stringify({ user, url })}\n` : `${user}\n`);
}

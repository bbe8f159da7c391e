import { userInfo } from "node:os";
import { MANIFEST_VERSION } from "../checkpoint.ts";
import { backendOf, type CommandContext } from "../commandContext.ts";
import { run } from "../run.ts";
import { getConfig, showConfig, showOutputs } from "./outputs.ts";
import {
  cancelStack,
  exportStack,
  importStack,
  initStack,
  listStacks,
  removeStack,
  selectStack,
  showHistory,
} from "./stack.ts";

type Command = (context: CommandContext) => Promise<void>;

/** What each command of `args.ts` does. */
export const ACTIONS: Readonly<Record<string, Command>> = {
  version: async (context) => context.out(`${MANIFEST_VERSION}\n`),
  whoami: async (context) => showUser(context),
  login: async (context) => context.out(`Logged in to ${backendOf(context, undefined).url}\n`),
  cancel: cancelStack,
  preview: (context) => run(context, { kind: "preview", mode: "update", preview: true, runsProgram: true }),
  up: (context) => run(context, { kind: "update", mode: "update", preview: false, runsProgram: true }),
  refresh: (context) => run(context, { kind: "refresh", mode: "refresh", ...programOf(context) }),
  destroy: (context) => run(context, { kind: "destroy", mode: "destroy", ...programOf(context) }),
  config: showConfig,
  "config get": getConfig,
  "stack init": initStack,
  "stack select": selectStack,
  "stack ls": listStacks,
  "stack rm": removeStack,
  "stack output": showOutputs,
  "stack export": exportStack,
  "stack import": importStack,
  "stack history": showHistory,
};

/** A destroy or refresh runs the program only when it is told to. */
function programOf({ invocation }: CommandContext): { preview: boolean; runsProgram: boolean } {
  const option = invocation.flags.get("--run-program");
  return {
    preview: invocation.flags.has("--preview-only"),
    runsProgram: option === "true" || option === "1",
  };
}

function showUser(context: CommandContext): void {
  const { url } = backendOf(context, undefined);
  const { username: user } = userInfo();
  context.out(context.invocation.flags.has("--json") ? `${JSON.stringify({ user, url })}\n` : `${user}\n`);
}

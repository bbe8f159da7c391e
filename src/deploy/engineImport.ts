import { CommandError } from "@pulumi/pulumi/automation/index.js";
import { commandResultOf } from "./commandRun.ts";
import type { StateResource } from "./deployment.ts";
import type { StackWorkspace } from "./stackWorkspace.ts";

/** What an import needs of a resource whose create was cut off. */
export type ImportableResource = Pick<StateResource, "urn" | "type" | "provider"> & {
  readonly parent?: unknown;
};

/**
 * Words of `pulumi import` that take a made resource into its stack again. Tried with the official CLI 3.259:
 * `refresh --import-pending-creates` only clears the operation, and the next create is refused for ever.
 */
export function importArguments(stack: string, resource: ImportableResource, id: string): readonly string[] {
  const name = resource.urn.split("::").at(-1) ?? "";
  const provider = resource.provider?.split("::").slice(0, 4).join("::");
  const isDefault = provider === undefined || /::default(?:_|$)/.test(provider);
  return [
    ...["import", resource.type, name, id],
    ...(typeof resource.parent === "string" ? ["--parent", `parent=${resource.parent}`] : []),
    ...(isDefault ? [] : ["--provider", `provider=${provider}`]),
    ...["--protect=false", "--generate-code=false", "--yes", "--skip-preview", "--stack", stack],
  ];
}

/** Imports a resource if it is there; answers whether it was. For plugins that only the engine can start. */
export async function importThroughEngine(
  stack: string,
  resource: ImportableResource,
  id: string,
  stacks: Pick<StackWorkspace, "run">,
): Promise<boolean> {
  try {
    await stacks.run(importArguments(stack, resource, id));
    return true;
  } catch (error) {
    if (error instanceof CommandError && saysMissing(error)) return false;
    throw error;
  }
}

function saysMissing(error: CommandError): boolean {
  const { stdout, stderr } = commandResultOf(error);
  return `${stdout}${stderr}`.includes("does not exist");
}

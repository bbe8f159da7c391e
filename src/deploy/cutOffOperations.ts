import { existsSync } from "node:fs";
import { folderBackend } from "./backend.ts";
import { readCheckpoint } from "./checkpointFile.ts";
import { unseal } from "./deployment.ts";
import { importArguments } from "./engineImport.ts";
import { idOfPendingCreate } from "./pendingIds.ts";

/** An operation that a killed run left in a stack's state. */
export interface CutOffOperation {
  readonly urn: string;
  /** Pulumi's word: `creating`, `updating`, `deleting`, … */
  readonly kind: string;
  /** For a cut-off create of which something may be outside: the id it has if it is there. */
  readonly id?: string;
  /** Words of `pulumi` that import it if it is there. */
  readonly importWords?: readonly string[];
}

/** What interrupted runs left in a stack of a `file://` backend; runs no engine. */
export async function readCutOffOperations(
  backendUrl: string,
  stack: string,
): Promise<readonly CutOffOperation[]> {
  const path = folderBackend(backendUrl)?.checkpoint(stack);
  if (path === undefined || !existsSync(path)) return [];
  const { resources, pending_operations: pending } = await readCheckpoint(path);
  return (pending ?? []).map(({ resource, type }) => {
    const provider = resources?.find(({ urn }) => resource.provider?.startsWith(`${urn}::`) === true);
    const id =
      type === "creating"
        ? idOfPendingCreate(resource.type, unseal(resource.inputs ?? {}), unseal(provider?.inputs ?? {}))
        : undefined;
    if (id === undefined) return { urn: resource.urn, kind: type };
    return { urn: resource.urn, kind: type, id, importWords: importArguments(stack, resource, id) };
  });
}

import type { Deployer } from "../deploy/index.ts";
import { UserError } from "../tenant/errors.ts";
import { entryPath, loadEntry } from "../tenant/load.ts";

/** Throws `E_ENTRY_REMOVED` naming every registered tenant whose entry's file is gone (F26). */
export async function refuseRemovedEntries(
  deployer: Deployer,
  environment: string,
  root: string,
): Promise<void> {
  const prefix = `${environment}.`;
  const stacks = (await deployer.listStacks()).filter((stack) => stack.startsWith(prefix));
  const gone = stacks.filter((stack) => loadEntry(root, stack.slice(prefix.length)) === undefined);
  const living = await Promise.all(
    gone.map(async (stack) => ((await deployer.isRegistered(stack)) ? [stack] : [])),
  );
  const slugs = living.flat().map((stack) => stack.slice(prefix.length));
  if (slugs.length === 0) return;
  throw new UserError(
    "E_ENTRY_REMOVED",
    slugs
      .map((slug) => `${entryPath(slug)}: expected the entry of a living tenant; got no such file.`)
      .join("\n"),
    {
      hint: "Put the file back with `status: deleted`, run `up`, and purge the tenant with `destroy` when its retention is over.",
    },
  );
}

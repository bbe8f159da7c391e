import type { Deployer } from "../deploy/index.ts";
import { UserError } from "../tenant/errors.ts";
import { entryPath, loadEntry } from "../tenant/load.ts";
import { withDeployer } from "./runTargets.ts";
import { openSession } from "./session.ts";
import { chooseTargets, type TargetOptions, type Targets } from "./targets.ts";
import type { CliContext } from "./verb.ts";

/** As `chooseTargets`; a slug without an entry whose tenant lives is `E_ENTRY_REMOVED` and no mistyped one. */
export async function chooseLivingTargets(
  slugs: readonly string[],
  options: TargetOptions,
  context: CliContext,
): Promise<Targets> {
  try {
    return chooseTargets(slugs, options, context);
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== "E_INVALID_ENTRY") throw error;
    const isGone = (slug: string) => loadEntry(context.root, slug) === undefined;
    if (slugs.some(isGone)) {
      const refuse = (deployer: Deployer) => refuseRemovedEntries(deployer, options.env, context.root, slugs);
      await withDeployer(await openSession(options, context), refuse);
    }
    throw error;
  }
}

/** Throws `E_ENTRY_REMOVED` naming every registered tenant (or those of `among`) whose entry's file is gone (F26). */
export async function refuseRemovedEntries(
  deployer: Deployer,
  environment: string,
  root: string,
  among?: readonly string[],
): Promise<void> {
  const prefix = `${environment}.`;
  const isAsked = (stack: string) => among === undefined || among.includes(stack.slice(prefix.length));
  const stacks = (await deployer.listStacks()).filter((stack) => stack.startsWith(prefix) && isAsked(stack));
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

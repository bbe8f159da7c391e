import type { Deployer } from "../deploy/index.ts";
import { UserError } from "../tenant/errors.ts";
import { entryPath, loadEntry } from "../tenant/load.ts";
import { renameRefusal } from "../tenant/refusedChanges.ts";
import { withDeployer } from "./runTargets.ts";
import { openSession } from "./session.ts";
import { chooseTargets, type Target, type TargetOptions, type Targets } from "./targets.ts";
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
      const refuse = (deployer: Deployer) =>
        refuseRemovedEntries(deployer, options.env, context.root, { among: slugs });
      await withDeployer(await openSession(options, context), refuse);
    }
    throw error;
  }
}

/**
 * Throws `E_ENTRY_REMOVED` naming every registered tenant (or those of `among`) whose entry's file is gone (F26);
 * `E_IMMUTABLE` where one of `targets` is that very tenant under another file name.
 */
export async function refuseRemovedEntries(
  deployer: Deployer,
  environment: string,
  root: string,
  { among, targets = [] }: { readonly among?: readonly string[]; readonly targets?: readonly Target[] } = {},
): Promise<void> {
  const prefix = `${environment}.`;
  const isAsked = (stack: string) => among === undefined || among.includes(stack.slice(prefix.length));
  const stacks = (await deployer.listStacks()).filter((stack) => stack.startsWith(prefix) && isAsked(stack));
  const gone = stacks.filter((stack) => loadEntry(root, stack.slice(prefix.length)) === undefined);
  const removed: string[] = [];
  for (const stack of gone) {
    const tenant = await deployer.registeredAs(stack);
    if (tenant === undefined) continue;
    const slug = stack.slice(prefix.length);
    for (const target of targets) {
      if (isNamesake(target, tenant) && !(await deployer.isRegistered(target.stack)))
        throw renameRefusal(slug, target.name);
    }
    removed.push(slug);
  }
  if (removed.length > 0) throw removedRefusal(removed);
}

/** The rule of the provider's `namesakes`, here against state. */
function isNamesake({ tenant }: Target, registered: Readonly<Record<string, unknown>>): boolean {
  return (
    tenant !== undefined &&
    tenant.displayName === registered.displayName &&
    tenant.adminEmail === registered.adminEmail
  );
}

function removedRefusal(slugs: readonly string[]): UserError {
  const lines = slugs.map(
    (slug) => `${entryPath(slug)}: expected the entry of a living tenant; got no such file.`,
  );
  return new UserError("E_ENTRY_REMOVED", lines.join("\n"), {
    hint: "Put the file back with `status: deleted`, run `up`, and purge the tenant with `destroy` when its retention is over.",
  });
}

import type { Deployer } from "../deploy/index.ts";
import type { DesiredTenant } from "../tenant/desired.ts";
import { UserError } from "../tenant/errors.ts";
import { rewriteStatus } from "../tenant/index.ts";
import { entryPath } from "../tenant/load.ts";
import { holdRefusal, retentionRefusal } from "../tenant/refusedChanges.ts";
import { assertConfirmed as assertSlugConfirmed } from "./confirm.ts";
import { chooseLivingTargets } from "./removedEntries.ts";
import { PLATFORM } from "./render/progress.ts";
import { runTargets, type TargetAction, withDeployer, worstExitCode } from "./runTargets.ts";
import { openSession, readPurgeState } from "./session.ts";
import { addParallelOption, chooseTargets, parallelOf, type Target, type TargetOptions } from "./targets.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, Verb } from "./verb.ts";

interface DestroyOptions extends TargetOptions {
  readonly purge?: boolean;
  readonly confirm?: string;
}

/** `tenantry destroy`: purges tenants that are deleted and whose retention is over or whose purge is confirmed. */
export const destroy: Verb = {
  configure: (command) =>
    addParallelOption(command)
      .argument("[slug...]", "deleted tenants to purge")
      .option("--all", "every tenant that may be purged (never the platform)")
      .option("--platform", "the platform; refused while a tenant lives")
      .option("--purge", "don't wait for the end of retention: writes `purge: <slug>` into the entry")
      .option("--confirm <slug>", "the slug once more; `--purge` needs it"),
  run: async (slugs, raw, context) => {
    const options: DestroyOptions = raw;
    assertConfirmed(slugs, options);
    const list =
      options.all === true ? [] : backwards((await chooseLivingTargets(slugs, options, context)).list);
    return withDeployer(await openSession(options, context), async (deployer) => {
      const targets = options.all === true ? await purgeableTargets(deployer, options, context) : list;
      const outcomes = await runTargets(
        targets,
        destroyTarget(deployer, options, context),
        { ...options, parallel: parallelOf(options) },
        context,
      );
      if (targets.length === 0)
        context.io.out(
          "no tenant may be purged: none is deleted with its retention over or its purge confirmed\n",
        );
      return worstExitCode(outcomes);
    });
  },
};

function assertConfirmed(slugs: readonly string[], { purge, confirm, all }: DestroyOptions): void {
  if (purge !== true && confirm !== undefined) throw new UsageError("`--confirm` goes with `--purge`.");
  if (purge !== true) return;
  if (all === true || slugs.length !== 1) throw new UsageError("`--purge` takes exactly one slug.");
  const [slug = ""] = slugs;
  assertSlugConfirmed(`destroy ${slug} --purge`, slug, confirm);
}

/** Tenants before what they stand on. */
function backwards(targets: readonly Target[]): Target[] {
  return [
    ...targets.filter(({ name }) => name !== PLATFORM),
    ...targets.filter(({ name }) => name === PLATFORM),
  ];
}

/** `--all`: stacks whose record says so; a stack that may not go is left out, not an error. */
async function purgeableTargets(
  deployer: Deployer,
  options: DestroyOptions,
  context: CliContext,
): Promise<Target[]> {
  const { openStatusObserver } = await import("./session.ts");
  const { list } = chooseTargets([], { ...options, all: true }, context);
  const observer = await openStatusObserver(deployer, options.env);
  try {
    const purgeable = await observer.purgeableSlugs();
    return list.filter(({ name }) => purgeable.includes(name));
  } finally {
    await observer.close();
  }
}

function destroyTarget(deployer: Deployer, options: DestroyOptions, context: CliContext): TargetAction {
  return async ({ stack, tenant }, onEvent) => {
    const run = { onEvent, isPatient: options.wait };
    if (tenant !== undefined && options.purge === true && (await deployer.hasResources(stack))) {
      await refuseHeld(tenant, deployer);
      confirmPurge(tenant, context.root);
      // A destroy that was cut off has taken the registration first: an `up` would make again what it took since.
      if (await deployer.isRegistered(stack)) await deployer.up(stack, run);
    }
    const result = await deployer.destroy(stack, run).catch(async (error: unknown) => {
      throw await withRetention(error, deployer, options.env, tenant);
    });
    if (result.changes.length === 0) return { result, summary: "nothing to destroy" };
    return {
      result,
      summary: `${tenant === undefined ? "destroyed" : "purged"}, ${result.changes.length} deleted`,
    };
  };
}

/** The engine refuses what is protected without knowing until when: master does. */
async function withRetention(
  error: unknown,
  deployer: Deployer,
  environment: string,
  tenant: DesiredTenant | undefined,
): Promise<unknown> {
  if (!(error instanceof UserError) || error.code !== "E_RETENTION" || tenant === undefined) return error;
  const { keptUntil, isHeld } = await readPurgeState(deployer, environment, tenant.slug);
  if (isHeld || tenant.hold) return holdRefusal(tenant.slug, "purge");
  return keptUntil === undefined ? error : retentionRefusal(tenant.slug, keptUntil);
}

/** Before the entry is edited: a hold that only master or only the entry knows of forbids the purge too. */
async function refuseHeld({ slug, hold, environment }: DesiredTenant, deployer: Deployer): Promise<void> {
  const { isHeld } = await readPurgeState(deployer, environment, slug);
  if (hold || isHeld) throw holdRefusal(slug, "purge");
}

/** Writes the confirmation into the entry, so that it is in the repository's history. */
function confirmPurge({ slug, status, environment }: DesiredTenant, root: string): void {
  if (status !== "deleted") {
    throw new UserError(
      "E_ILLEGAL_TRANSITION",
      `${entryPath(slug)} 'status': expected 'deleted' before a purge; got '${status}'. Nothing was touched.`,
      { hint: `Set \`status: deleted\` and run \`tenantry up ${slug}\` first: it takes the final backup.` },
    );
  }
  rewriteStatus(root, slug, environment, { status, purge: slug });
}

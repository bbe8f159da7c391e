import type { DeployEvent, Deployer, RunOptions, RunResult } from "../deploy/index.ts";
import { isContentError, UserError } from "../tenant/errors.ts";
import { purgeBegun } from "../tenant/refusedChanges.ts";
import { Invitations } from "./invitations.ts";
import { chooseLivingTargets, refuseRemovedEntries } from "./removedEntries.ts";
import { printLookInside } from "./render/lookInside.ts";
import { PLATFORM } from "./render/progress.ts";
import { renewExpiredDomains } from "./renewDomains.ts";
import { runTargets, withDeployer, worstExitCode } from "./runTargets.ts";
import { openSession, readPurgeState } from "./session.ts";
import { addParallelOption, parallelOf, type Target, type TargetOptions } from "./targets.ts";
import type { Verb } from "./verb.ts";

interface UpOptions extends TargetOptions {
  readonly dryRun?: boolean;
  readonly refresh?: boolean;
}

/** `tenantry up`: applies entries; never asks. */
export const up: Verb = {
  configure: (command) =>
    addParallelOption(command)
      .argument("[slug...]", "tenants to apply")
      .option("--all", "the platform, then every tenant of the environment")
      .option("--platform", "the platform (and the tenants named)")
      .option("--dry-run", "compare everything for real, change nothing")
      .option("--refresh", "ask first how every resource really is"),
  run: async (slugs, raw, context) => {
    const options: UpOptions = raw;
    if (options.dryRun === true) {
      const { runPreview } = await import("./preview.ts");
      return runPreview(slugs, { ...options, isDryRun: true }, context);
    }
    const { list, config } = await chooseLivingTargets(slugs, options, context);
    return withDeployer(await openSession(options, context), async (deployer) => {
      if (options.all === true)
        await refuseRemovedEntries(deployer, options.env, context.root, { targets: list });
      const invitations = new Invitations({ config, deployer, context });
      const outcomes = await runTargets(
        list,
        async (target, onEvent) => {
          const applied = await apply(target, deployer, options.env, runOptions(options, onEvent));
          const { name, tenant } = target;
          if (tenant !== undefined && applied.result !== undefined)
            await invitations.send(name, applied.result, onEvent);
          return applied;
        },
        { ...options, parallel: parallelOf(options) },
        context,
      ).finally(() => invitations.close());
      await renewExpiredDomains(outcomes, deployer, options, context);
      if (!options.json) await printLookInside(outcomes, deployer, options, context);
      return worstExitCode(outcomes);
    });
  },
};

function runOptions(options: UpOptions, onEvent: (event: DeployEvent) => void): RunOptions {
  return { onEvent, isPatient: options.wait, shouldRefresh: options.refresh === true };
}

async function apply(
  target: Target,
  deployer: Deployer,
  environment: string,
  options: RunOptions,
): Promise<{ result?: RunResult; summary: string }> {
  const { stack, tenant } = target;
  if (tenant?.status === "deleted" && !(await deployer.hasResources(stack))) {
    return { summary: "nothing to do: the entry says 'deleted' and nothing is there" };
  }
  await refusePurging(target, deployer, environment);
  try {
    const result = await deployer.up(stack, options);
    return { result, summary: summaryOf(result, target) };
  } catch (error) {
    throw await undoWhenRefused(error, target, deployer, options);
  }
}

/** A deleted tenant's stack without its registration may be what a cut-off purge left: `up` would make it anew. */
async function refusePurging({ stack, tenant }: Target, deployer: Deployer, environment: string) {
  if (tenant?.status !== "deleted" || (await deployer.isRegistered(stack))) return;
  const { isPurging } = await readPurgeState(deployer, environment, tenant.slug);
  if (isPurging) throw purgeBegun(tenant.slug);
}

function summaryOf({ changes }: RunResult, { name, tenant }: Target): string {
  const state = name === PLATFORM ? "ready" : (tenant?.status ?? "");
  return changes.length === 0 ? `${state}, no changes` : `${state}, ${changes.length} changed`;
}

/** Answers the error to tell; the record keeps code and reason whatever becomes of the undo. */
async function undoWhenRefused(
  error: unknown,
  target: Target,
  deployer: Deployer,
  options: RunOptions,
): Promise<unknown> {
  if (!isContentError(error) || target.tenant === undefined || (await deployer.isRegistered(target.stack)))
    return error;
  options.onEvent?.({ kind: "note", text: `${error.code}: undoing what this tenant's first run made` });
  await deployer.undoFirstRun(target.stack, options);
  const undone = "What it had created is removed; its record keeps the reason.";
  return new UserError(error.code, error.message, {
    hint: `${error.hint ?? "Mend it and run the same command again."} ${undone}`,
    cause: error,
  });
}

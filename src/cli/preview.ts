import type { RunResult } from "../deploy/index.ts";
import { UserError } from "../tenant/errors.ts";
import { chooseLivingTargets, refuseRemovedEntries } from "./removedEntries.ts";
import { wordPlan } from "./render/planWords.ts";
import { fitText } from "./render/wrap.ts";
import { runTargets, type TargetOutcome, withDeployer, worstExitCode } from "./runTargets.ts";
import { openSession } from "./session.ts";
import { addParallelOption, parallelOf, type TargetOptions } from "./targets.ts";
import type { CliContext, Verb } from "./verb.ts";

/** Exit code of `--exit-code` when something would change. */
const EXIT_PENDING = 4;

export interface PreviewOptions extends TargetOptions {
  readonly exitCode?: boolean;
  readonly offline?: boolean;
  readonly refresh?: boolean;
  /** StateCheck really compares: `up --dry-run`. */
  readonly isDryRun?: boolean;
}

/** `tenantry preview`: the same graph, nothing touched. */
export const preview: Verb = {
  configure: (command) =>
    addParallelOption(command)
      .argument("[slug...]", "tenants to look at")
      .option("--all", "the platform and every tenant of the environment")
      .option("--platform", "the platform (and the tenants named)")
      .option("--exit-code", "exit with 4 when something would change")
      .option("--refresh", "ask first how every resource really is")
      .option("--offline", "ask nobody (not built yet)"),
  run: (slugs, raw, context) => runPreview(slugs, raw as PreviewOptions, context),
};

/** Previews each target and words what would happen; `dry_run` is a preview that compares for real. */
export async function runPreview(
  slugs: readonly string[],
  options: PreviewOptions,
  context: CliContext,
): Promise<number> {
  if (options.offline === true)
    throw new UserError("E_NOT_SUPPORTED", "`preview --offline` is not built yet; a preview reads master.");
  const { list } = await chooseLivingTargets(slugs, options, context);
  const extras = options.isDryRun === true ? { isDryRun: true } : {};
  return withDeployer(await openSession(options, context, extras), async (deployer) => {
    if (options.all === true)
      await refuseRemovedEntries(deployer, options.env, context.root, { targets: list });
    const outcomes = await runTargets(
      list,
      async ({ stack, tenant }, onEvent) => {
        if (tenant?.status === "deleted" && !(await deployer.hasResources(stack)))
          return { summary: "nothing to do" };
        const result = await deployer.preview(stack, { onEvent, shouldRefresh: options.refresh === true });
        return { result, summary: summaryOf(result, options.isDryRun === true) };
      },
      { ...options, parallel: parallelOf(options) },
      context,
    );
    printPlans(outcomes, options, context);
    const worst = worstExitCode(outcomes);
    const isPending = outcomes.some(({ result }) => (result?.changes.length ?? 0) > 0);
    return worst === 0 && options.exitCode === true && isPending ? EXIT_PENDING : worst;
  });
}

function summaryOf({ changes }: RunResult, isDryRun: boolean): string {
  const words = changes.length === 0 ? "no changes" : `${changes.length} to change`;
  return isDryRun ? `dry_run, ${words}` : words;
}

function printPlans(outcomes: readonly TargetOutcome[], options: PreviewOptions, { io }: CliContext): void {
  for (const { target, result } of outcomes) {
    if (result === undefined) continue;
    const { headline, lines } = wordPlan(target.name, result);
    if (options.json)
      io.out(
        `${JSON.stringify({ kind: "plan", target: target.name, headline, lines, changes: result.changes })}\n`,
      );
    else io.out(fitText(`\n${headline}\n${lines.map((line) => `  ${line}\n`).join("")}`, io));
  }
}

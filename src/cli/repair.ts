import { type MarkedTenant, rebuildMaster, repair as repairTenant } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import { UsageError } from "./usage.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

/** `tenantry repair`: what diverges among a tenant's places, and its cure. */
export const repair: Verb = {
  configure: (command) =>
    command
      .argument("[slug]", "tenant to look at")
      .option("--rebuild-master", "find the records that master has lost by the markers on the servers")
      .option("--yes", "mend it; without, nothing is written")
      .addHelpText("after", HELP),
  run: async ([slug = "", ...more], raw, context) => {
    const options: RepairOptions = raw;
    if (more.length > 0 || (slug === "") !== (options.rebuildMaster === true))
      throw new UsageError("`repair`: expected a slug, or `--rebuild-master`.");
    if (options.rebuildMaster === true) return rebuild(options, context);
    assertSlug(slug, environmentNames(context.root));
    return runOperation(slug, options, context, async (operation) => {
      const { divergences, cure, isDone } = await repairTenant(operation, slug, {
        shouldMend: options.yes === true,
      });
      const count = `${divergences.length} ${divergences.length === 1 ? "divergence" : "divergences"}`;
      const summary = cure === "nothing" ? "all agrees" : `${count}, ${isDone ? "mended" : WHAT_NEXT[cure]}`;
      return { summary, details: { cure, isDone, divergences } };
    });
  },
};

interface RepairOptions extends CommonOptions {
  readonly yes?: boolean;
  readonly rebuildMaster?: boolean;
}

function rebuild(options: RepairOptions, context: CliContext): Promise<number> {
  return runOperation("master", options, context, async (operation) => {
    const tenants = await rebuildMaster(operation, { shouldWrite: options.yes === true });
    for (const tenant of tenants) operation.note(wordsOf(tenant));
    const count = (outcome: MarkedTenant["outcome"]) =>
      tenants.filter((tenant) => tenant.outcome === outcome).length;
    const lost = count("lost") === 0 ? "" : `${count("lost")} lost: \`--yes\` writes them; `;
    const summary = `${lost}${count("rebuilt")} rebuilt, ${count("known")} known, ${count("left")} left`;
    return { summary, details: { tenants } };
  });
}

function wordsOf({ slug, tenantId, server, status, outcome, why }: MarkedTenant): string {
  const reason = why === undefined ? "" : `: ${why}`;
  return `${slug} (${tenantId}) on '${server}', ${status}: ${outcome}${reason}`;
}

const WHAT_NEXT = {
  apply: "`--yes` mends them",
  "finish undo": "`--yes` finishes the undo",
  "finish purge": "`--yes` finishes the purge",
  refused: "a person has to decide",
} as const;

const HELP = `
Compares master, database, role, secret, DNS, CDN and the stack's state, one line each with what would be done. With --yes adopts what
bears this tenant's marker, makes what is missing, or finishes a cut-off undo or purge. What isn't provably its own is never touched.

With --rebuild-master, after \`up --platform\` made an empty one: writes records from markers and entries; shows them first.

Examples:
  tenantry repair acme
  tenantry repair acme --yes
  tenantry repair --rebuild-master --yes
`;

import { maintain as maintainEnvironment, summaryOf } from "../operations/index.ts";
import { runOperation } from "./operation.ts";
import { worstExitCode } from "./runTargets.ts";
import type { Verb } from "./verb.ts";

/** `tenantry maintain`: what a cron runs. */
export const maintain: Verb = {
  configure: (command) =>
    command.option("--dry-run", "list what is due, do nothing").addHelpText("after", HELP),
  run: (_args, options, context) =>
    runOperation("maintain", options, context, async (operation) => {
      const items = await maintainEnvironment(operation, { isDryRun: options.dryRun === true });
      return { summary: summaryOf(items), details: { items }, exitCode: worstExitCode(items) };
    }),
};

const HELP = `
Safe from cron and twice at once: each tenant is held while it is worked on; one that another run holds is left for the
next time, and the exit code is then 5. Else it is that of the worst thing that happened; docs/maintain.md has the list.

Examples:
  tenantry maintain --env prod             every few minutes
  tenantry maintain --env prod --dry-run   what is due now
`;

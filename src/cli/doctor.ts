import { toUserError, UserError } from "../tenant/errors.ts";
import { environmentNames } from "../tenant/load.ts";
import { environmentFindings } from "./doctor/environment.ts";
import { observeEnvironment } from "./doctor/environmentFacts.ts";
import { broken, type Finding, notice } from "./doctor/finding.ts";
import { findingsOf } from "./doctor/machine.ts";
import { type MachineFacts, observeMachine } from "./doctor/machineFacts.ts";
import { findingsText } from "./render/findings.ts";
import { withDeployer } from "./runTargets.ts";
import { openSession } from "./session.ts";
import type { CliContext, CommonOptions, Verb } from "./verb.ts";

/** Exit code when something is broken. */
const EXIT_BROKEN = 1;

/** `tenantry doctor`: looks at machine and environment; writes nothing and starts nothing. */
export const doctor: Verb = {
  configure: (command) => command.addHelpText("after", HELP),
  run: async (_args, options, context) => {
    const facts = await observeMachine(options, context.root);
    const findings = [...findingsOf(facts), ...(await lookAtEnvironment(facts, options, context))];
    if (options.json) context.io.out(`${JSON.stringify(findings, null, 2)}\n`);
    else context.io.out(findingsText(findings, context.io));
    return findings.some(({ state }) => state === "broken") ? EXIT_BROKEN : 0;
  },
};

/** Whatever is broken about the machine, the environment is asked too. A misspelled one is refused, as everywhere. */
async function lookAtEnvironment(
  { cloud }: MachineFacts,
  options: CommonOptions,
  context: CliContext,
): Promise<readonly Finding[]> {
  if (cloud !== undefined && cloud.state !== "running")
    return [notice("platform", "not asked: the local cloud doesn't run", "Start it and ask again.")];
  try {
    const deployer = await openSession(options, context, { isOnlyLooking: true });
    return await withDeployer(deployer, async () =>
      environmentFindings(await observeEnvironment(deployer, options.env, context.root)),
    );
  } catch (failure) {
    const error = toUserError(failure);
    if (!(error instanceof UserError) || !environmentNames(context.root).includes(options.env)) throw failure;
    return [broken(`environment ${options.env}`, error.message, error.hint ?? "`tenantry check` says more.")];
  }
}

const HELP = `
Exits with 1 when something is broken. Starts nothing: what needs a running local
cloud is asked of one that runs. Fields of --json: docs/local.md
`;

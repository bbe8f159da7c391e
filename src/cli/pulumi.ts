import { withDeployer } from "./runTargets.ts";
import { openSession } from "./session.ts";
import { UsageError } from "./usage.ts";
import type { Verb } from "./verb.ts";

/** `tenantry pulumi -- …`: Pulumi's own command line on an environment's stacks, on either engine. */
export const pulumi: Verb = {
  configure: (command) =>
    command
      .argument("[arguments...]", "after `--`: what Pulumi is told")
      .addHelpText(
        "after",
        "\nExample:\n  tenantry pulumi -- stack ls\n  tenantry pulumi -- preview -s local.acme --diff\n",
      ),
  run: async (args, options, context) => {
    if (args.length === 0)
      throw new UsageError("`tenantry pulumi -- <command>`: expected a command of Pulumi.");
    return withDeployer(
      await openSession(options, context),
      async (deployer) => (await deployer.runPulumi(args)).exitCode,
    );
  },
};

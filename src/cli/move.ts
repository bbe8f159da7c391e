import { move as moveTenant } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import { UsageError } from "./usage.ts";
import type { CommonOptions, Verb } from "./verb.ts";

/** `tenantry move`: a tenant to another server. */
export const move: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant to move")
      .option("--to <server>", "server of the environment's config")
      .addHelpText("after", HELP),
  run: async ([slug = ""], raw, context) => {
    const options: CommonOptions & { readonly to?: string } = raw;
    const { to } = options;
    if (to === undefined) throw new UsageError("`move`: expected `--to <server>`.");
    assertSlug(slug, environmentNames(context.root));
    return runOperation(slug, options, context, async (operation) => {
      const { from } = await moveTenant(operation, slug, to);
      const summary = from === to ? `is on '${to}', nothing moved` : `moved from '${from}' to '${to}'`;
      return { summary, details: { from, to } };
    });
  },
};

const HELP = `
Writes \`server\` into the entry and applies it. The tenant is read-only while its data is copied and compared; then secret and record
are switched, and clients that connect anew reach the new server. The old copy is kept for some days.

Example:
  tenantry move acme --to db-02
`;

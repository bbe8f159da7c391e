import { offboard as end } from "../operations/index.ts";
import { assertConfirmed } from "./confirm.ts";
import { runOperation } from "./operation.ts";
import { chooseLivingTargets } from "./removedEntries.ts";
import { UsageError } from "./usage.ts";
import type { Verb } from "./verb.ts";

/** `tenantry offboard`: delete and purge in one, from whatever state the tenant is in. */
export const offboard: Verb = {
  configure: (command) =>
    command
      .argument("<slug>", "tenant whose data are to go for good")
      .option("--purge", "don't wait for the end of retention; needed: without it there is `delete`")
      .option("--confirm <slug>", "the slug once more"),
  run: async ([slug = ""], options, context) => {
    const { purge, confirm } = options;
    if (purge !== true)
      throw new UsageError(
        `\`offboard ${slug}\`: expected \`--purge\`; \`tenantry delete ${slug}\` keeps the data until retention is over.`,
      );
    assertConfirmed(`offboard ${slug} --purge`, slug, confirm);
    await chooseLivingTargets([slug], options, context);
    return runOperation(slug, options, context, async (operation, onEvent) => {
      const { tenantId, deleted } = await end(operation, slug, onEvent);
      if (tenantId === undefined && deleted === 0)
        return { summary: "nothing to purge", details: { deleted } };
      return { summary: `purged, ${deleted} deleted`, details: { tenantId, deleted } };
    });
  },
};

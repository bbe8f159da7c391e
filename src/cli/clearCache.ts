import { clearCache as clear } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import type { Verb } from "./verb.ts";

/** `tenantry clear-cache`: makes gates and services drop what they hold of a tenant. */
export const clearCache: Verb = {
  configure: (command) => command.argument("<slug>", "tenant whose cached facts are dropped"),
  run: async ([slug = ""], options, context) => {
    assertSlug(slug, environmentNames(context.root));
    return runOperation(slug, options, context, async (operation) => {
      const { cacheEpoch } = await clear(operation, slug);
      return { summary: `caches dropped, epoch ${cacheEpoch}`, details: { cacheEpoch } };
    });
  },
};

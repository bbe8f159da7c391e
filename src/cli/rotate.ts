import { rotate as rotatePassword } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import type { Verb } from "./verb.ts";

/** `tenantry rotate`: a new password and secret version. */
export const rotate: Verb = {
  configure: (command) =>
    command.argument("<slug>", "tenant whose database password is made anew").addHelpText("after", HELP),
  run: async ([slug = ""], options, context) => {
    assertSlug(slug, environmentNames(context.root));
    return runOperation(slug, options, context, async (operation) => {
      const { rotation, isProven } = await rotatePassword(operation, slug);
      const proof = isProven ? "the vault's value logs in" : "proven when the tenant resumes";
      return { summary: `password rotated, ${proof}`, details: { rotation, isProven } };
    });
  },
};

const HELP = `
Sessions that are open live on; whoever connects anew reads the vault's new version. Gates and services are told by the cache epoch.

Example:
  tenantry rotate acme
`;

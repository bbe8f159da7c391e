import { rotate as rotatePassword, rotateServer } from "../operations/index.ts";
import { assertSlug, environmentNames } from "../tenant/index.ts";
import { runOperation } from "./operation.ts";
import { UsageError } from "./usage.ts";
import type { CommonOptions, Verb } from "./verb.ts";

/** `tenantry rotate`: a new password and secret version, of a tenant or of a server's admin. */
export const rotate: Verb = {
  configure: (command) =>
    command
      .argument("[slug]", "tenant whose database password is made anew")
      .option("--server <name>", "the password of this server's admin instead")
      .addHelpText("after", HELP),
  run: async ([slug], raw, context) => {
    const options: CommonOptions & { readonly server?: string } = raw;
    const { server } = options;
    if ((slug === undefined) === (server === undefined))
      throw new UsageError("`rotate`: expected a slug, or `--server <name>`.");
    if (server !== undefined)
      return runOperation(server, options, context, async (operation) => {
        const { rotation } = await rotateServer(operation, server);
        return { summary: "admin's password rotated, the vault's value logs in", details: { rotation } };
      });
    const tenant = slug ?? "";
    assertSlug(tenant, environmentNames(context.root));
    return runOperation(tenant, options, context, async (operation) => {
      const { rotation, isProven } = await rotatePassword(operation, tenant);
      const proof = isProven ? "the vault's value logs in" : "proven when the tenant resumes";
      return { summary: `password rotated, ${proof}`, details: { rotation, isProven } };
    });
  },
};

const HELP = `
Sessions that are open live on; whoever connects anew reads the vault's new version. Gates and services are told by the cache epoch.
With --server, \`adminRotation\` in the environment's config grows: commit it.

Examples:
  tenantry rotate acme
  tenantry rotate --server db-01
`;

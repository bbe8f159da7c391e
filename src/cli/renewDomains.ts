import type { Deployer } from "../deploy/index.ts";
import { configOf, loadWorkspace } from "../tenant/index.ts";
import type { TargetOutcome } from "./runTargets.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

/** Ends an `up` with new tokens for customers' hosts whose validation expired: no difference in an entry would ask for one. */
export async function renewExpiredDomains(
  outcomes: readonly TargetOutcome[],
  deployer: Deployer,
  options: CommonOptions,
  { root, signal, io }: CliContext,
): Promise<void> {
  const tenants = outcomes.flatMap(({ target: { tenant }, exitCode }) =>
    exitCode === 0 && tenant !== undefined && tenant.status !== "deleted" && tenant.hosts.length > 1
      ? [tenant]
      : [],
  );
  if (tenants.length === 0) return;
  const config = configOf(loadWorkspace(root), options.env);
  const { openOperations, renewDomains } = await import("../operations/index.ts");
  const note = (text: string) => io.err(`${text}\n`);
  const operation = await openOperations({ root, config, deployer, signal, isPatient: options.wait, note });
  try {
    for (const { slug, hosts } of tenants) await renewDomains(operation, slug, hosts);
  } finally {
    await operation.close();
  }
}

import type { OperationContext } from "../operations/index.ts";
import { configOf, loadWorkspace } from "../tenant/index.ts";
import { withDeployer } from "./runTargets.ts";
import { openSession } from "./session.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

/** Runs what only looks, without progress lines: its answer is the verb's to print. Notes go to the error stream. */
export async function openOperation<T>(
  options: CommonOptions,
  context: CliContext,
  body: (operation: OperationContext) => Promise<T>,
): Promise<T> {
  const config = configOf(loadWorkspace(context.root), options.env);
  const { openOperations } = await import("../operations/index.ts");
  return withDeployer(await openSession(options, context, { isOnlyLooking: true }), async (deployer) => {
    const operation = await openOperations({
      root: context.root,
      config,
      deployer,
      signal: context.signal,
      isPatient: options.wait,
      note: (text) => context.io.err(`${text}\n`),
    });
    return body(operation).finally(() => operation.close());
  });
}

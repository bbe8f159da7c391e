import type { OperationContext } from "../operations/index.ts";
import { configOf, loadWorkspace } from "../tenant/index.ts";
import { withDeployer } from "./runTargets.ts";
import { openSession } from "./session.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

/** Opens an environment for a verb that looks and prints by itself; notes go to the error stream. */
export async function withOperations<T>(
  options: CommonOptions,
  context: CliContext,
  body: (operation: OperationContext) => Promise<T>,
): Promise<T> {
  const { root, signal, io } = context;
  const config = configOf(loadWorkspace(root), options.env);
  const { openOperations } = await import("../operations/index.ts");
  return withDeployer(await openSession(options, context, { isOnlyLooking: true }), async (deployer) => {
    const note = (text: string) => io.err(`${text}\n`);
    const operation = await openOperations({ root, config, deployer, signal, isPatient: options.wait, note });
    return body(operation).finally(() => operation.close());
  });
}

import type { DeployEvent } from "../deploy/index.ts";
import type { OperationContext } from "../operations/index.ts";
import { configOf, loadWorkspace } from "../tenant/index.ts";
import { runTargets, withDeployer, worstExitCode } from "./runTargets.ts";
import { openSession } from "./session.ts";
import type { CliContext, CommonOptions } from "./verb.ts";

/** What a verb says of an operation that ended well. */
export interface OperationOutcome {
  /** A few words for a person; no secret. */
  readonly summary: string;
  /** What a program wants to know: `details` of `--json`'s last line. */
  readonly details?: object;
  /** For an operation that ended and found something that a caller must know; default 0. */
  readonly exitCode?: number;
}

/**
 * Runs an operation on one tenant with the progress, exit codes and `--json` of `up`. `name` is what its lines begin with: the slug, or
 * what else is worked on.
 */
export async function runOperation(
  name: string,
  options: CommonOptions,
  context: CliContext,
  body: (operation: OperationContext, onEvent: (event: DeployEvent) => void) => Promise<OperationOutcome>,
): Promise<number> {
  const config = configOf(loadWorkspace(context.root), options.env);
  const { openOperations } = await import("../operations/index.ts");
  return withDeployer(await openSession(options, context), async (deployer) => {
    const outcomes = await runTargets(
      [{ name, stack: `${options.env}.${name}` }],
      async (_target, onEvent) => {
        const operation = await openOperations({
          root: context.root,
          config,
          deployer,
          signal: context.signal,
          isPatient: options.wait,
          note: (text) => onEvent({ kind: "note", text }),
        });
        return body(operation, onEvent).finally(() => operation.close());
      },
      options,
      context,
    );
    return worstExitCode(outcomes);
  });
}

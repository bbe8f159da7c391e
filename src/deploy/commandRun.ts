import type { CommandError, PulumiCommand } from "@pulumi/pulumi/automation/index.js";

/** What a command printed. */
export interface CommandOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** Where a command prints while it runs. */
export interface CommandStreams {
  readonly onOutput: (text: string) => void;
  readonly onError: (text: string) => void;
  readonly signal?: AbortSignal;
}

/** `PulumiCommand.run`, which the SDK has but keeps out of its types. Rejects with CommandError. */
interface RunnableCommand {
  run(
    args: readonly string[],
    cwd: string,
    additionalEnv: Readonly<Record<string, string>>,
    onOutput?: (text: string) => void,
    onError?: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<CommandOutput>;
}

/** Runs one Pulumi command on either engine. */
export function runCommand(
  command: PulumiCommand,
  args: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>>,
  streams?: CommandStreams,
): Promise<CommandOutput> {
  const runnable = command as unknown as RunnableCommand;
  return runnable.run(args, cwd, variables, streams?.onOutput, streams?.onError, streams?.signal);
}

/** What a failed command printed, and its exit code; the SDK keeps it out of its types. */
export function commandResultOf(error: CommandError): CommandOutput {
  const { commandResult } = error as unknown as { readonly commandResult: CommandOutput };
  return commandResult;
}

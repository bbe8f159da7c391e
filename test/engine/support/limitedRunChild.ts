import { CommandError, LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { createEmbeddedCommand } from "../../../src/engine/index.ts";
import { chain } from "./chain.ts";

/** `<root> up <message>` runs the chain program; `<root> <anything else>` is a command line of the engine. */
const [root = "", ...args] = process.argv.slice(2);
const pulumiCommand = createEmbeddedCommand();
const command = pulumiCommand as unknown as {
  run(args: readonly string[], cwd: string, env: object): Promise<unknown>;
};
try {
  if (args[0] === "up") {
    const program = { projectName: "demo", stackName: "dev", program: chain };
    const stack = await LocalWorkspace.selectStack(program, { workDir: root, pulumiCommand });
    await stack.up({ message: args[1] ?? "" });
  } else await command.run(args, root, {});
  process.exit(0);
} catch (error) {
  if (!(error instanceof CommandError)) throw error;
  const { stderr } = (error as unknown as { commandResult: { stderr: string } }).commandResult;
  process.stderr.write(stderr, () => process.exit(1));
}

import { createEmbeddedCommand } from "../../../src/engine/index.ts";

/** Runs one command line of the engine in this process; kills itself at a point, when one is named. */
const [root = "", point = "", ...args] = process.argv.slice(2);
const command = createEmbeddedCommand({
  onPoint: (name) => {
    if (name === point) process.kill(process.pid, "SIGKILL");
  },
}) as unknown as { run(args: string[], cwd: string, environment: object): Promise<{ stdout: string }> };
process.stdout.write((await command.run(args, root, {})).stdout);

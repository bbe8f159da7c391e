import { LocalWorkspace } from "@pulumi/pulumi/automation/index.js";
import { createEmbeddedCommand } from "../../../src/engine/index.ts";
import { chain } from "./chain.ts";

const [root = "", op = "", point = ""] = process.argv.slice(2);
const pulumiCommand = createEmbeddedCommand({
  onPoint: (name) => {
    if (name === point) process.kill(process.pid, "SIGKILL");
  },
});
const stack = await LocalWorkspace.createOrSelectStack(
  { projectName: "demo", stackName: "dev", program: chain },
  { workDir: root, pulumiCommand },
);
await (op === "destroy" ? stack.destroy() : stack.up());

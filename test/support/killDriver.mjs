// Runs command lines of a workspace's own CLI in this process, one after another: `bin/tenantry` without a start of
// Node for each. JavaScript, so that it starts without a loader. Arguments: the workspace's root, and the steps
// (`DriverStep[]`) as JSON; one line of JSON (`DriverAnswer`) on standard output for each step that came back.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [root = "", steps = "[]"] = process.argv.slice(2);
const { launch } = await import(pathToFileURL(join(root, "bin/launch.mjs")).href);
const { main } = await launch("cli/index.ts", "up");
for (const { argv, killAt } of JSON.parse(steps)) {
  if (killAt === undefined) delete process.env.TENANTRY_KILL_AT;
  else process.env.TENANTRY_KILL_AT = killAt;
  let text = "";
  const write = (more) => {
    text += more;
  };
  const code = await main(argv, { out: write, err: write, isTerminal: false, columns: 120 });
  // At once, past Node's own buffer: the next step may not let this process come to its end.
  writeSync(1, `${JSON.stringify({ argv, code, text })}\n`);
}
process.exit(0);

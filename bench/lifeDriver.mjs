// Times command lines of a workspace's own CLI in this warm process, one after another. JavaScript, so that it starts without a
// loader. Arguments: the workspace's root, and the command lines (string[][]) as JSON; one line of JSON ({ ms, code, text }) each.
import { writeSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [root = "", lines = "[]"] = process.argv.slice(2);
const { launch } = await import(pathToFileURL(join(root, "bin/launch.mjs")).href);
const { main } = await launch("cli/index.ts", "up");
for (const argv of JSON.parse(lines)) {
  let text = "";
  const write = (more) => {
    text += more;
  };
  const startedAt = performance.now();
  const code = await main(argv, { out: write, err: write, isTerminal: false, columns: 120 });
  writeSync(1, `${JSON.stringify({ ms: performance.now() - startedAt, code, text })}\n`);
}
process.exit(0);

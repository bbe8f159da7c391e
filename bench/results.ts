import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const PATH = join(ROOT, "bench/RESULTS.md");
const HEAD = `# Results

Each section was written by the command it names, and says when and where. The machine is shared: read the ratios of one section, not the
absolutes.
`;

/** Puts a section into RESULTS.md, in place of the one with its title, and prints it. */
export function writeSection(title: string, command: string, body: string): void {
  const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).trim();
  const machine = `${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 1024 ** 3)} GB, Node ${process.version}`;
  const day = new Date().toISOString().slice(0, 10);
  const section = `## ${title}\n\n\`${command}\`, ${day}, commit ${commit}, ${machine}.\n\n${body.trimEnd()}\n`;
  const before = existsSync(PATH) ? readFileSync(PATH, "utf8") : HEAD;
  const sections = before.split(/^(?=## )/m).slice(1);
  const place = sections.findIndex((each) => each.startsWith(`## ${title}\n`));
  if (place < 0) sections.push(section);
  else sections[place] = section;
  writeFileSync(PATH, [HEAD, ...sections.map((each) => `${each.trimEnd()}\n`)].join("\n"));
  process.stdout.write(section);
}

import { execFileSync, spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { liveDisplay } from "../../../src/cli/render/live.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const LIVE = join(ROOT, "src/cli/render/live.ts");
const hasScript = spawnSync("script", ["--version"]).status === 0;

test("the display leaves Ctrl-C to us: a step under way is finished", async () => {
  const before = process.listenerCount("SIGINT");
  const display = liveDisplay(["acme"]);
  expect(process.listenerCount("SIGINT")).toBe(before);
  display.show({ kind: "started", target: "acme", atMs: 0 });
  display.show({ kind: "finished", target: "acme", summary: "active", atMs: 5, tookMs: 5 });
  await display.close();
});

/** What stands on a terminal of 60 columns at the end. */
function lastScreen(parallel: number): string {
  const program = `
    const { liveDisplay } = await import(${JSON.stringify(LIVE)});
    const display = liveDisplay(["platform", "acme", "beta"], ${parallel});
    const show = (target, more) => display.show({ target, atMs: 0, ...more });
    show("platform", { kind: "started" });
    show("platform", { kind: "step", resource: "vault" });
    show("platform", { kind: "finished", summary: "ready, 3 changed", tookMs: 1400 });
    show("acme", { kind: "started" });
    show("acme", { kind: "note", text: "warning: look at this" });
    show("acme", { kind: "phase", phase: "secret_set" });
    await new Promise((done) => setTimeout(done, 300));
    show("acme", { kind: "failed", code: "E_STATE", message: "something is wrong with it, said at length, and more", hint: "Mend it." });
    show("beta", { kind: "note", text: "interrupted before it began" });
    await display.close();`;
  const command = `stty cols 60; exec '${process.execPath}' --import tsx --input-type=module -e "$PROGRAM"`;
  const env = { ...process.env, PROGRAM: program, TERM: "xterm", CI: undefined, NO_COLOR: "1" };
  const typescript = execFileSync("script", ["-qec", command, "/dev/null"], {
    cwd: ROOT,
    encoding: "utf8",
    env,
  });
  const text = stripVTControlCharacters(typescript).replaceAll("\r", "");
  return text.slice(text.lastIndexOf("✔ platform"));
}

test.skipIf(!hasScript).each([1, 2])(
  `on a terminal rows stay with warnings, reasons and what to do; what was left out is no success (%i at once)${hasScript ? "" : " (skipped: no `script` of util-linux here)"}`,
  (parallel) => {
    expect(lastScreen(parallel)).toBe(`✔ platform  ready, 3 changed  1.4 s
✖ acme      E_STATE: something is wrong with it, said at
  length, and more
  › warning: look at this
  › Mend it.
↓ beta      interrupted before it began
`);
  },
);

import { describe, expect, test } from "vitest";
import { main } from "../../src/cli/index.ts";
import { worstExitCode } from "../../src/cli/runTargets.ts";
import { UNBUILT_VERBS } from "../../src/cli/verbs.ts";

async function run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await main(argv, {
    out: (text) => (out += text),
    err: (text) => (err += text),
    isTerminal: false,
    columns: 100,
  });
  return { code, out, err };
}

describe("a command line", () => {
  test("without words shows the help and exits 2", async () => {
    const { code, out } = await run();
    expect(code).toBe(2);
    expect(out).toContain("Usage: tenantry <verb> [slug…] [options]");
  });

  test.each(["0", "33", "two", "1.5", "-1"])(
    "`--parallel %s` is refused before anything is touched",
    async (count) => {
      const { code, err } = await run("up", "--all", "--parallel", count);
      expect(code).toBe(2);
      expect(err).toContain(`\`--parallel\`: expected a whole number from 1 to 32; got '${count}'`);
    },
  );

  test("--help lists every verb that is built and exits 0", async () => {
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    for (const verb of [
      "up",
      "preview",
      "destroy",
      "new",
      "status",
      "list",
      "check",
      "doctor",
      "local",
      "pulumi",
    ]) {
      expect(out).toMatch(new RegExp(`^  ${verb} `, "m"));
    }
  });

  test.each(UNBUILT_VERBS)("refuses `%s` by name until it is built", async (verb) => {
    const { code, err } = await run(verb, "acme");
    expect({ code, err }).toEqual({
      code: 2,
      err: `E_NOT_SUPPORTED: \`tenantry ${verb}\` is not built yet.\n  \`tenantry --help\` lists the verbs that are.\n`,
    });
  });

  test("refuses an unknown verb with a suggestion and exits 2", async () => {
    const { code, err } = await run("previw", "acme");
    expect(code).toBe(2);
    expect(err).toContain("unknown command 'previw'");
  });

  test("refuses an unknown option and exits 2", async () => {
    const { code, err } = await run("up", "acme", "--forse");
    expect(code).toBe(2);
    expect(err).toContain("unknown option '--forse'");
  });

  test("of `up` needs a slug, --all or --platform", async () => {
    const { code, err } = await run("up");
    expect({ code, err }).toEqual({
      code: 2,
      err: "error: name a slug, or give `--all` or `--platform`.\n  `tenantry --help` shows the verbs and their options.\n",
    });
  });

  test("of `local` in another environment is refused, for it prints credentials", async () => {
    const { code, err } = await run("local", "env", "--env", "prod");
    expect(code).toBe(3);
    expect(err).toContain("E_WRONG_ENVIRONMENT: `local env`: expected environment 'local'; got 'prod'.");
  });

  test("ends with its worst target's exit code", () => {
    const outcomes = (codes: number[]) =>
      codes.map((exitCode) => ({ target: { name: "x", stack: "x" }, exitCode }));
    expect(worstExitCode(outcomes([]))).toBe(0);
    expect(worstExitCode(outcomes([0, 4, 0]))).toBe(4);
    expect(worstExitCode(outcomes([4, 5, 0]))).toBe(5);
    expect(worstExitCode(outcomes([5, 3, 4]))).toBe(3);
    expect(worstExitCode(outcomes([3, 1, 0]))).toBe(1);
  });
});

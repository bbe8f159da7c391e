import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { secret } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEmbeddedCommand } from "../../src/engine/index.ts";
import { chain } from "./support/chain.ts";
import { Component, Harness, names, Thing } from "./support/harness.ts";

describe("commands of stacks", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  describe("`stack rename`", () => {
    const program = async (): Promise<unknown> => {
      const component = new Component("k");
      new Thing("a", { hidden: secret("s3cr3t"), child: component.child });
      return { made: component.child.made };
    };

    test("a renamed stack is the same stack: its program changes nothing, its history is there", async () => {
      await harness.up(program as never);
      const stack = await harness.stack(program as never);
      const { summary } = await stack.rename({ stackName: "prod" });
      expect(summary.kind).toBe("update");
      expect(await harness.up(program as never, "prod")).toEqual({ same: 4 });
      expect(names(await harness.resources("prod"))).toContain("demo-prod");
      const files = await harness.files();
      expect(Object.keys(files).filter((path) => /dev/.test(path.slice(harness.root.length)))).toEqual([]);
      expect(files[harness.checkpointPath("prod")]).not.toMatch(/urn:pulumi:dev|s3cr3t/);
    });

    test("its own config file goes along", async () => {
      await harness.stack(chain);
      await writeFile(join(harness.root, "Pulumi.dev.yaml"), "config:\n  demo:a: x\n");
      await harness.run(["stack", "rename", "prod", "--stack", "dev"]);
      expect(await readFile(join(harness.root, "Pulumi.prod.yaml"), "utf8")).toBe("config:\n  demo:a: x\n");
    });

    test("a name that is taken, or none, changes nothing", async () => {
      await harness.up(chain);
      await harness.stack(chain, "prod");
      const before = await harness.files();
      const rename = (...args: readonly string[]) => harness.run(["stack", "rename", ...args, "-s", "dev"]);
      await expect(rename("prod")).rejects.toThrow("a stack named prod already exists");
      await expect(rename()).rejects.toThrow("needs the new name");
      await expect(rename("a b")).rejects.toThrow("'a b' is not a stack name");
      await writeFile(join(harness.root, "Pulumi.dev.yaml"), "");
      await writeFile(join(harness.root, "Pulumi.other.yaml"), "");
      await expect(rename("other")).rejects.toThrow("Pulumi.other.yaml' is there already");
      expect(await harness.files()).toEqual(before);
    });
  });

  test("`stack select --create` makes the stack that isn't there, once", async () => {
    await expect(harness.run(["stack", "select", "dev"])).rejects.toThrow("no stack named 'dev' found");
    expect((await harness.run(["stack", "select", "dev", "--create"])).stdout).toBe("Created stack 'dev'\n");
    const before = await harness.files();
    expect((await harness.run(["stack", "select", "-c", "--stack", "dev"])).stdout).toBe("");
    expect(await harness.files()).toEqual(before);
  });

  test("`stack init` takes its name from either side, not from both", async () => {
    await harness.run(["stack", "init", "--stack", "dev"]);
    await expect(harness.run(["stack", "init", "a", "--stack", "b"])).rejects.toThrow("not both");
    await expect(harness.run(["stack", "new", "dev"])).rejects.toThrow("already exists");
  });

  test("`stack ls` filters by project and organization", async () => {
    await harness.stack(chain);
    await harness.run(["stack", "init", "organization/other/x"]);
    const list = async (...args: readonly string[]): Promise<readonly string[]> =>
      JSON.parse((await harness.run(["stack", "ls", "--json", ...args])).stdout).map(
        ({ name }: { name: string }) => name,
      );
    expect(await list()).toEqual(["dev"]);
    expect(await list("--project", "other")).toEqual(["organization/other/x"]);
    expect(await list("-a", "-p", "demo", "-o", "organization")).toEqual(["organization/demo/dev"]);
    expect(await list("--organization", "acme")).toEqual([]);
  });

  test("`stack output --shell` is a script that a shell reads back", async () => {
    const values = { plain: "x", quote: "it's $HOME", list: [1, "b"], hidden: secret("s3cr3t") };
    await harness.up(async () => values);
    const { stdout } = await harness.run(["stack", "output", "--shell", "-s", "dev"]);
    expect(stdout).toBe(`hidden='[secret]'\nlist='[1,"b"]'\nplain=x\nquote='it'\\''s $HOME'\n`);
    const echoed = execFileSync("sh", ["-c", `${stdout}printf '%s' "$quote"`], { encoding: "utf8" });
    expect(echoed).toBe(values.quote);
    const one = await harness.run(["stack", "output", "hidden", "--shell", "--show-secrets", "-s", "dev"]);
    expect(one.stdout).toBe("hidden=s3cr3t\n");
    await expect(harness.run(["stack", "output", "--shell", "--json", "-s", "dev"])).rejects.toThrow(
      "only one of --json and --shell may be set",
    );
    await expect(harness.run(["stack", "output", "nothing", "-s", "dev"])).rejects.toThrow(
      "current stack does not have output property 'nothing'",
    );
  });

  test("`stack history --full-dates` has whole dates; a page is a count", async () => {
    await harness.up(chain);
    const history = (...args: readonly string[]) => harness.run(["stack", "history", ...args, "-s", "dev"]);
    expect((await history("--full-dates")).stdout).toMatch(/^\d{4}-\d\d-\d\dT\S+ {2}update {2}succeeded\n$/);
    await expect(history("--page-size", "x")).rejects.toThrow("`--page-size`: 'x' is no count");
  });

  test("`stack import` reads what is piped in", async () => {
    await harness.up(chain);
    const { stdout } = await harness.run(["stack", "export", "-s", "dev"]);
    await harness.run(["state", "delete", "--all", "-s", "dev"]);
    const command = createEmbeddedCommand({ stdin: Readable.from([stdout]) }) as unknown as {
      run(...args: unknown[]): Promise<unknown>;
    };
    await command.run(["stack", "import", "-s", "dev"], harness.root, harness.environment);
    expect(await harness.up(chain)).toEqual({ same: (await harness.resources()).length - 1 });
  });
});

describe("command lines", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
    await harness.stack(chain);
  });
  afterEach(() => harness.close());

  test.each([
    [["stack", "ls", "more"], "`pulumi stack ls` takes 0 argument(s); got 1"],
    [["stack", "ls", "--json=maybe"], "the flag `--json` is 'true' or 'false'; got 'maybe'"],
    [["stack", "ls", "--project"], "the flag `--project` needs a value"],
    [["up", "--yes", "-d"], "the flag `--debug` of `pulumi up`"],
    [["refresh", "-r"], "the flag `-r` of `pulumi refresh`"],
    [["refresh", "--parallel", "x", "-s", "dev"], "`--parallel`: 'x' is not a number"],
  ])("%j is refused with exit code 2", async (args, message) => {
    const error = await harness.run(args).catch((reason: unknown) => reason);
    const { commandResult } = error as { commandResult: { code: number; stderr: string } };
    expect([commandResult.code, commandResult.stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test("a flag can be switched off, also against the environment", async () => {
    const list = async (args: readonly string[], json: string): Promise<string> =>
      (await harness.run(["stack", "ls", ...args], { PULUMI_OPTION_JSON: json })).stdout;
    expect(await list([], "true")).toMatch(/^\[/);
    expect(await list([], "false")).toMatch(/^dev /);
    expect(await list(["--json=false"], "")).toMatch(/^dev /);
    expect(await list(["-j"], "false")).toMatch(/^\[/);
  });

  test("the environment gives several values of a flag, which the command line replaces", async () => {
    const environment = { PULUMI_OPTION_PLAINTEXT: "a=1,b=2" };
    const set = (...args: readonly string[]) =>
      harness.run(["config", "set-all", "-s", "dev", ...args], environment);
    const get = async (key: string): Promise<string> =>
      (await harness.run(["config", "get", key, "-s", "dev"])).stdout;
    await set();
    expect([await get("a"), await get("b")]).toEqual(["1\n", "2\n"]);
    await set("--plaintext", "a=3");
    expect([await get("a"), await get("b")]).toEqual(["3\n", "2\n"]);
  });

  test("`--cwd` is the folder that the command is run in", async () => {
    const run = harness.run(["stack", "ls", "--cwd", "nowhere"]);
    await expect(run).rejects.toThrow(
      `no Pulumi.yaml project file found in '${join(harness.root, "nowhere")}'`,
    );
    expect((await harness.run(["stack", "ls", "-C", "."])).stdout).toMatch(/^dev /);
  });
});

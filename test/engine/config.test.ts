import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Config } from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEmbeddedCommand } from "../../src/engine/index.ts";
import { Harness, Thing } from "./support/harness.ts";

const SALT = "v1:Wbw8NgvCows=:v1:+yvZOwnsFI3emsst:NgK2ZvBRCHk3AnlClj9u3RDHo3m4Yw==";
const FILE = `# of the environment
encryptionsalt: ${SALT}

config:
  demo:greeting: hello # politely

  demo:tree:
    # a leaf
    leaf: 1
    big: 9007199254740993
`;

interface Failed {
  readonly commandResult: { readonly code: number; readonly stderr: string };
}

describe("`config set` and its like", () => {
  let harness: Harness;
  let path: string;
  beforeEach(async () => {
    harness = await Harness.create();
    path = join(harness.root, "env.yaml");
    await writeFile(path, FILE);
    await harness.stack(async () => undefined);
  });
  afterEach(() => harness.close());

  const config = (args: readonly string[], environment?: Record<string, string>) =>
    harness.run(["config", ...args, "--stack", "dev"], environment);
  const text = (): Promise<string> => readFile(path, "utf8");
  const clear = async (): Promise<Record<string, { value: string; secret: boolean }>> =>
    JSON.parse((await config(["--json", "--show-secrets"])).stdout);

  async function failure(run: Promise<unknown>): Promise<readonly [number | undefined, string]> {
    const failed = await run.then(
      () => undefined,
      (reason: unknown) => reason as Failed,
    );
    return [failed?.commandResult.code, failed?.commandResult.stderr ?? ""];
  }

  test("an edit changes its own line only", async () => {
    await config(["set", "greeting", "goodbye"]);
    await config(["set", "--path", "tree.leaf", "2"]);
    expect(await text()).toBe(FILE.replace("hello", "goodbye").replace("leaf: 1", "leaf: 2"));
  });

  test("a removal takes the comment on it along, and removing nothing writes nothing", async () => {
    await config(["rm", "nothing"]);
    expect(await text()).toBe(FILE);
    await config(["rm", "--path", "tree.leaf"]);
    expect(await text()).toBe(FILE.replace("    # a leaf\n    leaf: 1\n", ""));
    await config(["rm-all", "greeting", "tree"]);
    expect(await text()).toBe(`# of the environment\nencryptionsalt: ${SALT}\n`);
  });

  test("permissions and symbolic links stay", async () => {
    await rm(path);
    const target = join(harness.root, "target.yaml");
    await writeFile(target, FILE);
    await chmod(target, 0o600);
    await symlink(target, path);
    await config(["set", "greeting", "x"]);
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    expect(await readFile(target, "utf8")).toContain("demo:greeting: x # politely");
    await chmod(target, 0o640);
    await config(["set", "greeting", "y"]);
    expect((await stat(target)).mode & 0o777).toBe(0o640);
  });

  test("a secret is sealed, its text is nowhere, and a run gets it in clear", async () => {
    await config(["set", "--secret", "password", "s3cr3t"]);
    expect(await text()).toMatch(/^ {2}demo:password:\n {4}secure: v1:\S+$/m);
    expect(await text()).not.toContain("s3cr3t");
    expect((await config([])).stdout).toContain("password  [secret]\n");
    expect(await clear()).toMatchObject({ "demo:password": { value: "s3cr3t", secret: true } });
    await harness.up(
      async () => void new Thing("a", { value: new Config("demo").requireSecret("password") }),
    );
    expect([...harness.provider.world.values()]).toMatchObject([{ value: { value: "s3cr3t" } }]);
  });

  test("a file without a salt gets the stack's, so that one passphrase opens both", async () => {
    await writeFile(path, "config:\n  demo:a: x\n");
    await config(["set", "--secret", "token", "t"]);
    expect(await text()).toMatch(/^config:\n.*\n.*\n {4}secure: v1:\S+\nencryptionsalt: v1:\S+\n$/);
    expect(await clear()).toMatchObject({ "demo:token": { value: "t" } });
    expect(await text()).toContain(SALT);
  });

  test("without a passphrase, and with a wrong one, nothing is written", async () => {
    const args = ["set", "--secret", "token", "t"];
    const { PULUMI_CONFIG_PASSPHRASE: _, ...without } = harness.environment;
    const command = createEmbeddedCommand() as unknown as { run(...args: unknown[]): Promise<unknown> };
    const all = ["config", ...args, "--stack", "dev"];
    expect(await failure(command.run(all, harness.root, without))).toEqual([
      255,
      expect.stringContaining("passphrase must be set with PULUMI_CONFIG_PASSPHRASE"),
    ]);
    expect(await failure(config(args, { PULUMI_CONFIG_PASSPHRASE: "other" }))).toEqual([
      255,
      "error: incorrect passphrase\n",
    ]);
    expect(await text()).toBe(FILE);
  });

  test("a plain value is read without a passphrase, also beside secrets", async () => {
    await config(["set", "--secret", "token", "t"]);
    const wrong = { PULUMI_CONFIG_PASSPHRASE: "other" };
    expect((await config(["get", "greeting"], wrong)).stdout).toBe("hello\n");
    expect((await config(["--json"], wrong)).stdout).not.toContain("v1:");
    expect(await failure(config(["get", "token"], wrong))).toEqual([255, "error: incorrect passphrase\n"]);
  });

  test("a value is taken from standard input, without its last newline unless it is wanted", async () => {
    const pipe = async (input: string, ...args: readonly string[]): Promise<void> => {
      const command = createEmbeddedCommand({ stdin: Readable.from([input]) }) as unknown as {
        run(...args: unknown[]): Promise<unknown>;
      };
      await command.run(["config", "set", ...args, "-s", "dev"], harness.root, harness.environment);
    };
    await pipe("one\ntwo\n", "lines");
    await pipe("x\n", "raw", "--raw");
    expect(await clear()).toMatchObject({
      "demo:lines": { value: "one\ntwo" },
      "demo:raw": { value: "x\n" },
    });
    const terminal = Object.assign(Readable.from([]), { isTTY: true });
    const command = createEmbeddedCommand({ stdin: terminal }) as unknown as {
      run(...args: unknown[]): Promise<unknown>;
    };
    const run = command.run(["config", "set", "x", "-s", "dev"], harness.root, harness.environment);
    expect(await failure(run)).toEqual([2, expect.stringContaining("config value must be specified")]);
  });

  test.each([
    [["set", "a:b:c:d", "x"], 2, "invalid configuration key: could not parse a:b:c:d"],
    [["set", "--path", "tree[", "x"], 2, "is not a property path"],
    [["set", "--path", "tree.leaf.deeper", "x"], 255, "could not set config: demo:tree.leaf: expected a map"],
    [["set", "a", "x", "y"], 2, "takes 2 argument(s); got 3"],
    [["set"], 2, "`pulumi config set` needs a key"],
    [["rm"], 2, "`pulumi config rm` needs a key"],
    [["get"], 2, "`pulumi config get` needs a key"],
    [["get", "nothing"], 255, "configuration key 'nothing' not found for stack 'dev'"],
    [["set", "a", "x", "--secret", "--plaintext"], 2, "only one of `--secret` and `--plaintext` may be set"],
    [["set", "--path", "a.b", "x", "--type", "int"], 2, "'x' is no int"],
    [["set", "a", "x", "--type", "color"], 2, 'invalid type "color"'],
    [["set", "token", "Zk9qLw2tRv7xPb4n"], 255, "config value for 'demo:token' looks like a secret"],
    [["set", "--path", "tree.token", "Zk9qLw2tRv7xPb4n"], 255, "looks like a secret"],
    [["set-all", "--plaintext", "a"], 2, "config value must be in the form [key]=[value]"],
    [["set-all", "--json", "{}", "--path"], 2, "the --json option cannot be used with"],
    [["set-all", "--json", "["], 2, "could not parse --json argument"],
    [["set-all", "--json", '{"a":{"secret":true}}'], 2, 'value for --json object key "a" is nil'],
    [["set", "a", "x", "--config-file", "env.json"], 2, "edits of"],
    [["set", "a", "x", "--config-file", "env.yaml/x.yaml"], 255, "ENOTDIR"],
  ])("%j fails with %i and writes nothing", async (args, code, message) => {
    expect(await failure(config(args))).toEqual([code, expect.stringContaining(message)]);
    expect(await text()).toBe(FILE);
  });

  test("a file that can't be written stays as it was", async () => {
    const folder = join(harness.root, "folder.yaml");
    await mkdir(folder);
    expect(await failure(config(["set", "a", "x", "--config-file", "folder.yaml"]))).toEqual([
      255,
      expect.stringContaining("EISDIR"),
    ]);
    expect(await failure(harness.run(["config", "set", "a", "x", "-s", "other"]))).toEqual([
      255,
      expect.stringContaining("no stack named 'other' found"),
    ]);
  });

  test("secrets of another provider are refused by name", async () => {
    await writeFile(path, `secretsprovider: azurekeyvault://v/k\n${FILE}`);
    expect(await failure(config(["set", "--secret", "a", "x"]))).toEqual([
      2,
      expect.stringContaining("does not support the secrets provider 'azurekeyvault://v/k' in "),
    ]);
    await config(["set", "a", "x"]);
    expect(await text()).toContain("  demo:a: x\n");
  });

  test("`config refresh` puts back what the last run had, with a copy of the file unless it is forced", async () => {
    await config(["set", "--secret", "password", "s3cr3t"]);
    await harness.up(async () => void new Thing("a"));
    const used = await text();
    await config(["rm", "greeting"]);
    await config(["set", "new", "x"]);
    const edited = await text();
    expect((await config(["refresh"])).stdout).toBe(
      `backed up existing configuration file to ${path}.bak\nrefreshed configuration for stack 'dev'\n`,
    );
    expect(await readFile(`${path}.bak`, "utf8")).toBe(edited);
    const stack = await harness.stack(async () => undefined);
    await writeFile(path, used.replace("hello", "changed"));
    expect(await stack.refreshConfig()).toMatchObject({
      "demo:greeting": { value: "hello" },
      "demo:password": { value: "s3cr3t", secret: true },
    });
    expect(Object.keys(await clear()).sort()).toEqual(["demo:greeting", "demo:password", "demo:tree"]);
    await harness.run(["stack", "init", "fresh"]);
    expect(await failure(harness.run(["config", "refresh", "-f", "-s", "fresh"]))).toEqual([
      255,
      "error: getting latest configuration: no previous deployment\n",
    ]);
  });

  test("a new file is made where `--config-file` says, as seen from the command's folder", async () => {
    await config(["set", "a", "x", "--config-file", "new/env.yaml"]);
    expect(await readFile(join(harness.root, "new/env.yaml"), "utf8")).toBe("config:\n  demo:a: x\n");
  });

  test("the Automation API's calls for config work", async () => {
    const stack = await harness.stack(async () => undefined);
    await stack.setConfig("plain", { value: "-x" });
    await stack.setConfig("list[0]", { value: "a" }, true);
    await stack.setAllConfig({ b: { value: "2" }, hidden: { value: "s", secret: true } });
    await stack.setAllConfigJson('{"demo:o":{"value":"{\\"n\\":1}","objectValue":{"n":1},"secret":false}}');
    expect(await stack.getConfig("list[0]", true)).toMatchObject({ value: "a" });
    await stack.removeConfig("b");
    await stack.removeAllConfig(["greeting", "tree"]);
    expect(await stack.getAllConfig()).toEqual({
      "demo:hidden": { value: "s", secret: true },
      "demo:list": { value: '["a"]', objectValue: ["a"], secret: false },
      "demo:o": { value: '{"n":1}', objectValue: { n: 1 }, secret: false },
      "demo:plain": { value: "-x", secret: false },
    });
  });

  test("`up --config` stores a value and runs with it", async () => {
    const stack = await harness.stack(async () => undefined);
    await harness.run(["refresh", "--yes", "--skip-preview", "-s", "dev", "-c", "greeting=hi"]);
    expect(await stack.getConfig("greeting")).toMatchObject({ value: "hi" });
    await harness.run(["refresh", "-y", "-f", "-s", "dev", "-c", "tree.leaf=7", "--config-path"]);
    expect(await text()).toContain("    leaf: 7\n    big: 9007199254740993\n");
  });
});

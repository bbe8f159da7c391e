import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isRunning } from "../support/processes.ts";
import { Harness, TestInstance, Thing } from "./support/harness.ts";
import { TestProvider } from "./support/testProvider.ts";

const PLUGIN = fileURLToPath(new URL("support/plugin.ts", import.meta.url));
const KILLED = fileURLToPath(new URL("support/killedRunChild.ts", import.meta.url));

describe("plugins", () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await Harness.create();
  });
  afterEach(() => harness.close());

  /** An executable that writes its pid and serves the test provider. */
  async function writePlugin(folder: string): Promise<string> {
    await mkdir(folder, { recursive: true });
    const path = join(folder, "pulumi-resource-test");
    const pidFile = join(harness.root, "pids");
    await writeFile(
      path,
      `#!/bin/sh\n"${process.execPath}" --import "${import.meta.resolve("tsx")}" "${PLUGIN}" "${pidFile}" "$@"\n`,
    );
    await chmod(path, 0o755);
    return pidFile;
  }

  async function pids(file: string): Promise<readonly number[]> {
    return (await readFile(file, "utf8")).trim().split("\n").map(Number);
  }

  async function untilGone(list: readonly number[]): Promise<void> {
    while (list.some(isRunning)) await delay(20);
  }

  test("one named in Pulumi.yaml is started and ends with the run", async () => {
    const file = await writePlugin(join(harness.root, "bin"));
    await writeFile(
      join(harness.root, "Pulumi.yaml"),
      "name: demo\nruntime: nodejs\nplugins:\n  providers:\n    - name: test\n      path: bin\n",
    );
    const stack = await harness.stack(async () => void new Thing("a"), "dev", { PULUMI_DEBUG_PROVIDERS: "" });
    await stack.up();
    await untilGone(await pids(file));
  });

  test("one on PATH is found", async () => {
    const file = await writePlugin(join(harness.root, "path"));
    const environment = {
      PULUMI_DEBUG_PROVIDERS: "",
      PATH: `${join(harness.root, "path")}:${process.env.PATH}`,
    };
    await (await harness.stack(async () => void new Thing("a"), "dev", environment)).up();
    await untilGone(await pids(file));
  });

  test("a started plugin dies with a killed engine (F3)", async () => {
    const file = await writePlugin(join(harness.root, "path"));
    const child = spawn(
      process.execPath,
      ["--import", "tsx", KILLED, harness.root, "up", "create:test:index:Thing:a:before"],
      {
        env: {
          ...process.env,
          ...harness.environment,
          PULUMI_DEBUG_PROVIDERS: "",
          PATH: `${join(harness.root, "path")}:${process.env.PATH}`,
        },
      },
    );
    await new Promise((resolve) => child.once("exit", resolve));
    expect(child.signalCode).toBe("SIGKILL");
    await untilGone(await pids(file));
  });

  test("a folder without the executable and a dead port are named", async () => {
    const program = async (): Promise<void> => void new Thing("a");
    await writeFile(
      join(harness.root, "Pulumi.yaml"),
      "name: demo\nruntime: nodejs\nplugins: { providers: [{ name: test, path: nowhere }] }\n",
    );
    await expect((await harness.stack(program, "dev", { PULUMI_DEBUG_PROVIDERS: "" })).up()).rejects.toThrow(
      "which has no executable",
    );
    await expect(
      (await harness.stack(program, "dev", { PULUMI_DEBUG_PROVIDERS: "test:1" })).up(),
    ).rejects.toThrow("the plugin of the package 'test' at 127.0.0.1:1 does not answer");
    await expect(
      (await harness.stack(program, "dev", { PULUMI_DEBUG_PROVIDERS: "test:x" })).up(),
    ).rejects.toThrow("'test:x' is not of the form 'name:port'");
  });

  test("each provider instance has a connection of its own", async () => {
    await harness.up(async () => {
      for (const region of ["eu", "us", "ap"]) {
        const provider = new TestInstance(`p-${region}`, { region });
        void new Thing(`a-${region}`, { value: region }, { provider });
      }
    });
    const { configs } = harness.provider;
    expect(new Set(configs.map(({ peer }) => peer)).size).toBe(3);
    for (const { method, name, peer } of harness.provider.calls.filter((call) => call.method === "create")) {
      const region = configs.find((config) => config.peer === peer)?.args.region;
      expect(`${method} ${name}`).toBe(`create a-${region}`);
    }
  });

  test("a provider with a handshake is used without attach", async () => {
    const provider = new TestProvider();
    provider.hasHandshake = true;
    await provider.start();
    const environment = { PULUMI_DEBUG_PROVIDERS: `test:${provider.port}` };
    await (await harness.stack(async () => void new Thing("a"), "dev", environment)).up();
    const methods = provider.calls.map(({ method }) => method);
    provider.stop();
    expect(methods.includes("handshake")).toBe(true);
    expect(methods.includes("attach")).toBe(false);
  });

  test("stacks that run at the same time in one process don't mix", async () => {
    const program = (slug: string) => async () => {
      const provider = new TestInstance("p", { region: slug });
      const a = new Thing("a", { value: slug }, { provider });
      void new Thing("b", { value: a.id }, { provider });
      return { slug };
    };
    const slugs = ["s1", "s2", "s3", "s4"];
    const results = await Promise.all(
      slugs.map(async (slug) => (await harness.stack(program(slug), slug)).up()),
    );
    expect(results.map(({ outputs }) => outputs.slug?.value)).toEqual(slugs);
    for (const slug of slugs) expect((await harness.resources(slug)).length).toBe(4);
    for (const call of harness.provider.calls.filter(
      ({ method, name }) => method === "create" && name === "a",
    )) {
      const config = harness.provider.configs.find(({ peer }) => peer === call.peer);
      expect(config?.args.region).toBe(call.inputs?.value);
    }
  });
});

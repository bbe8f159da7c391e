import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cleanEnvironment, createWorkspace, type Workspace } from "../support/workspace.ts";

/** `bin/tenantry` in a checkout of its own; no local cloud is started. */
describe("bin/tenantry", () => {
  let workspace: Workspace;
  beforeAll(() => {
    workspace = createWorkspace();
  });
  afterAll(() => rmSync(workspace.root, { recursive: true }));

  const help = (variables: Readonly<Record<string, string>> = {}) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(workspace.root, "bin/tenantry"), "--help"],
      { env: { ...cleanEnvironment(), ...variables }, encoding: "utf8" },
    );
    return { status, stdout, stderr };
  };

  test("says the same from its bundle and from its sources", () => {
    const bundled = help();
    expect(bundled).toMatchObject({ status: 0, stderr: "" });
    expect(help({ TENANTRY_BUNDLE: "off" })).toEqual(bundled);
  });

  test("runs what was edited, at once", () => {
    const source = workspace.read("src/cli/verbs.ts");
    workspace.write("src/cli/verbs.ts", source.replace("apply entries:", "put entries into effect:"));
    expect(help().stdout).toContain("put entries into effect:");
    workspace.write("src/cli/verbs.ts", source);
    expect(help().stdout).toContain("apply entries:");
  });

  test("a source that can't be read says where", () => {
    const source = workspace.read("src/cli/verbs.ts");
    workspace.write("src/cli/verbs.ts", `${source}\nexport const broken = ;\n`);
    const { status, stderr } = help();
    expect(status).not.toBe(0);
    expect(stderr).toContain("src/cli/verbs.ts");
    workspace.write("src/cli/verbs.ts", source);
  });

  test("a bundle that a power cut left damaged is made anew", () => {
    const packages = join(workspace.root, "node_modules");
    rmSync(packages);
    mkdirSync(packages);
    const shared = join(import.meta.dirname, "../../node_modules");
    for (const name of readdirSync(shared).filter((each) => each !== ".cache"))
      symlinkSync(join(shared, name), join(packages, name));
    const sound = help();
    expect(sound).toMatchObject({ status: 0, stderr: "" });
    const bundles = join(packages, ".cache/tenantry");
    const [folder = ""] = readdirSync(bundles);
    const bundle = join(bundles, folder, "cli-index.cjs");
    const { size } = statSync(bundle);
    truncateSync(bundle, size - 100);
    expect(help()).toEqual(sound);
    expect(statSync(bundle).size).toBe(size);
    rmSync(packages, { recursive: true });
    symlinkSync(shared, packages);
  });

  test("without its packages it says what to run", () => {
    rmSync(join(workspace.root, "node_modules"));
    expect(help()).toEqual({
      status: 1,
      stdout: "",
      stderr: "tenantry: its packages are not installed; run `npm ci` first.\n",
    });
    symlinkSync(join(import.meta.dirname, "../../node_modules"), join(workspace.root, "node_modules"));
  });
});

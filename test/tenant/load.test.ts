import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { environmentNames, loadWorkspace } from "../../src/tenant/load.ts";
import { formatProblem, sortProblems } from "../../src/tenant/problems.ts";
import { selectTenants } from "../../src/tenant/select.ts";
import { BASE_FILES, entryText, projectWith, stackFile } from "./project.ts";

function problemsIn(root: string): string[] {
  const { entries, plans, environments, problems } = loadWorkspace(root);
  const all = [...entries, ...plans, ...environments].flatMap((item) => item.problems);
  return sortProblems([...all, ...problems]).map(formatProblem);
}

describe("a project's folders", () => {
  test("are read, sorted, with environments found by their files", () => {
    const root = projectWith({
      ...BASE_FILES,
      "stacks/Pulumi.prod.yaml": stackFile("prod"),
      "tenants/zeta.yaml": entryText(),
      "tenants/acme.yaml": entryText(),
      "tenants/README.md": "notes",
      "tenants/.gitkeep": "",
      "tenants/acme.yaml~": "an editor's copy",
    });
    const workspace = loadWorkspace(root);
    expect(workspace.entries.map(({ slug, file, entry }) => [slug, file, entry?.slug])).toEqual([
      ["acme", "tenants/acme.yaml", "acme"],
      ["zeta", "tenants/zeta.yaml", "zeta"],
    ]);
    expect(workspace.plans.map(({ name, plan }) => [name, plan?.limits])).toEqual([["trial", { users: 5 }]]);
    expect(workspace.environments.map(({ name, config }) => [name, config?.environment])).toEqual([
      ["local", "local"],
      ["prod", "prod"],
    ]);
    expect(problemsIn(root)).toEqual([]);
  });

  test("that aren't there are empty", () => {
    const workspace = loadWorkspace(projectWith({}));
    expect([workspace.entries, workspace.plans, workspace.environments]).toEqual([[], [], []]);
  });

  test("that can't be read as folders are an error that names them", () => {
    expect(() => loadWorkspace(projectWith({ plans: "a file" }))).toThrow(
      "plans: expected a readable folder; got a file.",
    );
  });

  test("strays are named: wrong extensions and folders", () => {
    const root = projectWith({
      "tenants/acme.yml": entryText(),
      "tenants/north/acme.yaml": entryText(),
      "plans/trial.json": "{}",
    });
    expect(problemsIn(root)).toEqual([
      "plans/trial.json: expected a file name that ends in '.yaml'; got 'trial.json'.",
      "tenants/acme.yml: expected a file name that ends in '.yaml'; got 'acme.yml'.",
      "tenants/north: expected only files here; got a folder.",
    ]);
  });

  test("links in a loop, to nothing or out of the project, folders and pipes named like entries are answers", () => {
    const root = projectWith({ ...BASE_FILES, "tenants/acme.yaml": entryText() });
    const outside = projectWith({ "secret.yaml": "displayName: c4n4ry" });
    symlinkSync("loop-b.yaml", join(root, "tenants/loop-a.yaml"));
    symlinkSync("loop-a.yaml", join(root, "tenants/loop-b.yaml"));
    symlinkSync("nothing", join(root, "tenants/gone.yaml"));
    symlinkSync(join(outside, "secret.yaml"), join(root, "tenants/outside.yaml"));
    symlinkSync("acme.yaml", join(root, "tenants/twin.yaml"));
    mkdirSync(join(root, "tenants/folder.yaml"));
    expect(spawnSync("mkfifo", [join(root, "tenants/pipe.yaml")]).status).toBe(0);
    expect(problemsIn(root)).toEqual([
      "tenants/folder.yaml: expected only files here; got a folder.",
      "tenants/gone.yaml: expected a readable file; got a symbolic link to nothing.",
      "tenants/loop-a.yaml: expected a readable file; got a loop of symbolic links.",
      "tenants/loop-b.yaml: expected a readable file; got a loop of symbolic links.",
      "tenants/outside.yaml: expected a readable file; got a symbolic link that leaves the project.",
      "tenants/pipe.yaml: expected a readable file; got something else.",
    ]);
  });

  test("a file nobody may read is an answer", ({ skip }) => {
    if (process.getuid?.() === 0) skip("root may read every file");
    const root = projectWith({ ...BASE_FILES, "tenants/acme.yaml": entryText() });
    chmodSync(join(root, "tenants/acme.yaml"), 0o000);
    expect(problemsIn(root)).toEqual([
      "tenants/acme.yaml: expected a readable file; got no permission to read it.",
    ]);
  });

  test("files with CRLF and a byte order mark are good; other encodings and huge files are not", () => {
    const text = entryText();
    const root = projectWith({
      ...BASE_FILES,
      "tenants/acme.yaml": `\ufeff${text.replaceAll("\n", "\r\n")}`,
      "tenants/utf16.yaml": Buffer.from(text, "utf16le"),
      "tenants/latin1.yaml": Buffer.from(text.replace("Acme", "Acm\u00e9"), "latin1"),
      "tenants/huge.yaml": `${text}# ${"x".repeat(70_000)}`,
    });
    expect(problemsIn(root)).toEqual([
      "tenants/huge.yaml: expected at most 64 KiB; got 69 KiB.",
      "tenants/latin1.yaml: expected UTF-8 text; got other bytes.",
      "tenants/utf16.yaml:1:2: expected visible characters; got '\\u{0}'.",
    ]);
  });

  test("file names with controls are shown, not obeyed", () => {
    const root = projectWith({ ...BASE_FILES, "tenants/ac\u202eme.yaml": entryText() });
    expect(problemsIn(root)[0]).toMatch(
      /^tenants\/ac\\u\{202e\}me\.yaml: file name: expected 3 to 40 .+ got 'ac\\u\{202e\}me'\.$/,
    );
  });
});

test("stack files that Pulumi wrote by itself are no environments, and are named", () => {
  const root = projectWith({
    ...BASE_FILES,
    "stacks/Pulumi.local.acme.yaml": "config: {}",
    "Pulumi.local.yaml": "config: {}",
    "Pulumi.yaml": "name: x",
  });
  expect(environmentNames(root)).toEqual(["local"]);
  expect(loadWorkspace(root).strayStackFiles.map(formatProblem)).toEqual([
    "stacks/Pulumi.local.acme.yaml: not an environment's config: Pulumi writes such a file when it runs without `--config-file`; delete it.",
    "Pulumi.local.yaml: not an environment's config: Pulumi writes such a file when it runs without `--config-file`; delete it.",
  ]);
});

test("five thousand entries are read and decided", () => {
  const entries = Array.from({ length: 5000 }, (_, index) => [
    `tenants/tenant-${index}.yaml`,
    entryText("plan: trial"),
  ]);
  const root = projectWith({ ...BASE_FILES, ...Object.fromEntries(entries) });
  expect(selectTenants(loadWorkspace(root), "local", { kind: "all" }).tenants).toHaveLength(5000);
});

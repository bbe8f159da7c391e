import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type NewOptions, runNew } from "../../src/cli/new.ts";
import type { UserError } from "../../src/tenant/errors.ts";
import { BASE_FILES, entryText, projectWith, stackFile } from "../tenant/project.ts";
import { OPTIONS, recordingContext } from "./context.ts";

const TOLD: NewOptions = {
  ...OPTIONS,
  displayName: "Acme Health",
  adminEmail: "admin@acme.example",
  plan: "trial",
};

function write(
  slug: string,
  options: Partial<NewOptions> = {},
  files: Readonly<Record<string, string>> = {},
) {
  const root = projectWith({ ...BASE_FILES, ...files });
  const { context, out } = recordingContext(root);
  const run = () => runNew(slug, { ...TOLD, ...options }, context);
  return { root, run, out, file: join(root, "tenants", `${slug}.yaml`) };
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    const { code, message } = error as UserError;
    return `${code}: ${message}`;
  }
  throw new Error("accepted");
}

test("an entry is written, and the next step told", () => {
  const { run, out, file } = write("acme");
  expect(run()).toBe(0);
  expect(out()).toBe("tenants/acme.yaml written. Next: `tenantry preview acme`, then `tenantry up acme`.\n");
  expect(readFileSync(file, "utf8")).toBe(`# yaml-language-server: $schema=../schema/tenant.schema.json
displayName: Acme Health
adminEmail: admin@acme.example
environments: [local]
status: active
plan: trial
`);
});

test("with --json the answer is one value", () => {
  const { run, out } = write("acme", { json: true });
  run();
  expect(JSON.parse(out())).toEqual({ slug: "acme", file: "tenants/acme.yaml" });
});

test("for an environment that isn't finished an entry can be written", () => {
  const files = { "stacks/Pulumi.prod.yaml": "config: {}" };
  const { run, out, file } = write("acme", { env: "prod" }, files);
  expect(run()).toBe(0);
  expect(out()).toContain("`tenantry up acme --env prod`");
  expect(readFileSync(file, "utf8")).toContain("environments: [prod]");
});

test("a file that is there stays as it is", () => {
  const { run, file } = write("acme", {}, { "tenants/acme.yaml": "# mine\n" });
  expect(refusal(run)).toBe("E_INVALID_ENTRY: tenants/acme.yaml: expected no such file yet; got one.");
  expect(readFileSync(file, "utf8")).toBe("# mine\n");
});

test("wrong values are refused all at once by their options, and nothing is written", () => {
  const { run, file } = write("acme", { displayName: " x", adminEmail: "nobody", plan: "gold", env: "mars" });
  expect(refusal(run)).toBe(
    "E_INVALID_ENTRY: --admin-email: expected an email address; got 'nobody'.\n" +
      "--display-name: expected one line, at most 100 characters; got ' x'.\n" +
      "--env: expected 'local' (stacks/Pulumi.<environment>.yaml); got 'mars'.\n" +
      "--plan: expected 'trial' (plans/*.yaml); got 'gold'.",
  );
  expect(existsSync(file)).toBe(false);
});

test("no secret goes into an entry", () => {
  expect(refusal(write("acme", { displayName: "postgres://u:c4n4ry@h/d" }).run)).not.toContain("c4n4ry");
});

test("reserved and wrong slugs are refused", () => {
  expect(refusal(write("admin").run)).toMatch(/^E_RESERVED_SLUG: slug 'admin'/);
  expect(refusal(write("../acme").run)).toMatch(/^E_INVALID_SLUG: slug '\.\.\/acme'/);
});

test("a slug that breaks a rule between tenants is refused", () => {
  expect(refusal(write("origin", {}, { "stacks/Pulumi.local.yaml": stackFile("local") }).run)).toBe(
    "E_INVALID_ENTRY: tenants/origin.yaml:2:1: expected hosts of its own; got 'origin.local.tenantry.test', the origin of Front Door.",
  );
  const taken = { "tenants/beta.yaml": entryText("database: tenant_acme") };
  expect(refusal(write("acme", {}, taken).run)).toBe(
    "E_INVALID_ENTRY: tenants/acme.yaml:2:1 'database': expected a database of its own; got 'tenant_acme', as tenants/beta.yaml has.",
  );
});

import { expect, test } from "vitest";
import { runCheck } from "../../src/cli/check.ts";
import { BASE_FILES, entryText, projectWith, stackFile } from "../tenant/project.ts";
import { OPTIONS, recordingContext } from "./context.ts";

const FILES = {
  ...BASE_FILES,
  "migrations/tenant/0001_a.sql": "SELECT 1;",
  "tenants/acme.yaml": entryText(),
};

async function check(
  files: Readonly<Record<string, string>>,
  slugs: readonly string[] = [],
  options = OPTIONS,
) {
  const { context, out, err } = recordingContext(projectWith({ ...FILES, ...files }));
  return { code: await runCheck(slugs, options, context), out: out(), err: err() };
}

test("files that hold end in 0 and one line", async () => {
  expect(await check({})).toEqual({
    code: 0,
    out: "Environment 'local' holds: 1 tenant, no problems.\n",
    err: "",
  });
});

test("every problem is shown with its code; the exit code is theirs", async () => {
  const files = {
    "tenants/beta.yaml": entryText("plan: gold"),
    "tenants/gamma.yaml": entryText("extras: { storage: true }"),
    "plans/odd.yaml": "limits: { users: -1 }",
    "migrations/tenant/1.sql": "",
  };
  expect(await check(files)).toEqual({
    code: 2,
    out: `migrations/tenant/1.sql: expected a name such as '0001_patients.sql'; got another. [E_INVALID_ENTRY]
plans/odd.yaml:1:18 'limits.users': expected a whole number from 0 to 9007199254740991; got the number -1. [E_INVALID_ENTRY]
tenants/beta.yaml:4:7 'plan': expected 'odd' or 'trial' (plans/*.yaml); got 'gold'. [E_INVALID_ENTRY]
tenants/gamma.yaml:4:1 'extras': not built yet (storage, vectors and health checks); remove the field. [E_NOT_SUPPORTED]

4 problems in environment 'local'.
`,
    err: "",
  });
});

test("a problem that a guard would refuse has the guard's exit code", async () => {
  expect((await check({ "tenants/acme.yaml": entryText("server: db-99") })).code).toBe(3);
});

test("slugs narrow it: other entries only warn", async () => {
  const files = { "tenants/beta.yaml": entryText("plan: gold") };
  expect(await check(files, ["acme"])).toEqual({
    code: 0,
    out: "Environment 'local' holds: 1 tenant, no problems.\n",
    err: "warning: tenants/beta.yaml:4:7 'plan': expected 'trial' (plans/*.yaml); got 'gold'.\n",
  });
  expect((await check(files, ["beta"])).code).toBe(2);
  expect(await check(files, ["acne"])).toMatchObject({
    code: 2,
    out: expect.stringContaining(
      "tenants/acne.yaml: expected an entry; got no such file. Did you mean 'acme'?",
    ),
  });
});

test("a target that no migration has is found at check", async () => {
  const files = { "tenants/acme.yaml": entryText("migrations: { target: '0007' }") };
  expect((await check(files)).out).toContain("migrations/tenant: expected '0001' as target; got '0007'.");
});

test("a stray stack file is a warning", async () => {
  expect(await check({ "stacks/Pulumi.local.acme.yaml": "config: {}" })).toMatchObject({
    code: 0,
    err: expect.stringContaining("warning: stacks/Pulumi.local.acme.yaml: not an environment's config"),
  });
});

test("an environment for Azure names the commands for what only Azure can make, and entries are checked all the same", async () => {
  const prod = stackFile("prod")
    .replace(/ {2}tenantry:subscriptionId:.*\n/, "")
    .replace("encryptedkey: abc\n", "");
  const files = { "stacks/Pulumi.prod.yaml": prod, "tenants/beta.yaml": entryText("plann: x") };
  expect(await check(files, [], { ...OPTIONS, env: "prod" })).toEqual({
    code: 2,
    out: `stacks/Pulumi.prod.yaml:1:1 'encryptedkey': expected the state's encrypted key (\`pulumi stack init prod --secrets-provider=azurekeyvault://v/keys/k && grep encryptedkey Pulumi.prod.yaml >> stacks/Pulumi.prod.yaml && rm Pulumi.prod.yaml\` writes it); got nothing. [E_NO_CONFIG]
stacks/Pulumi.prod.yaml:3:3 'subscriptionId': expected the subscription's id (\`az account show --query id --output tsv\` prints it); got nothing. [E_NO_CONFIG]
tenants/beta.yaml:4:1 'plann': no such field; did you mean 'plan'? [E_INVALID_ENTRY]

3 problems in environment 'prod'.
`,
    err: "",
  });
});

test("an environment without a file is named with those that have one", async () => {
  expect(await check({}, [], { ...OPTIONS, env: "dev" })).toMatchObject({
    code: 2,
    out: expect.stringContaining(
      "stacks/Pulumi.dev.yaml: expected an environment's config (there are 'local'); got no such file. [E_NO_CONFIG]",
    ),
  });
});

test("with --json it is one value", async () => {
  const { code, out } = await check({ "tenants/beta.yaml": entryText("plan: gold") }, [], {
    ...OPTIONS,
    json: true,
  });
  expect(code).toBe(2);
  expect(JSON.parse(out)).toEqual({
    environment: "local",
    tenants: ["acme"],
    problems: [
      {
        code: "E_INVALID_ENTRY",
        file: "tenants/beta.yaml",
        line: 4,
        column: 7,
        field: "plan",
        message: "expected 'trial' (plans/*.yaml); got 'gold'.",
      },
    ],
    warnings: [],
  });
});

test("a listener that can't be read or declares what there isn't is shown with its line", async () => {
  const files = {
    "hooks/announce.ts":
      "export const listener = { stopsOperation: false, onTenantCreated: () => undefined };\n",
    "hooks/broken.ts": "export const listener = {\n  stopsOperation: {{,\n};\n",
    "hooks/gone.ts": 'import { add } from "./lib/add.ts";\nexport const listener = add;\n',
    "hooks/none.ts": "export const other = 1;\n",
    "hooks/odd.ts":
      "export const listener = {\n  stopsOperation: 1,\n  timeoutMs: 0,\n  onTenantMade: () => undefined,\n};\n",
    "hooks/throws.ts": '// Thrown when it is read.\nthrow new Error("no");\nexport {};\n',
    "package.json": '{ "type": "module" }',
  };
  const events = "onTenantCreating, onTenantCreated, onTenantUpdated, onTenantDeleting, onTenantDeleted";
  expect(await check(files)).toEqual({
    code: 2,
    out: `hooks/broken.ts:2:20: can't be read: Expected identifier but found "{". [E_INVALID_ENTRY]
hooks/gone.ts:1:28: can't be read: Cannot find module 'hooks/lib/add.ts'. [E_INVALID_ENTRY]
hooks/none.ts:1:1: expected \`export const listener = defineListener({ … })\`; got nothing. [E_INVALID_ENTRY]
hooks/odd.ts:1:14: expected one of ${events}; got none. [E_INVALID_ENTRY]
hooks/odd.ts:2:3: 'stopsOperation': expected true or false; got a number. [E_INVALID_ENTRY]
hooks/odd.ts:3:3: 'timeoutMs': expected 1 to 600000; got 0. [E_INVALID_ENTRY]
hooks/odd.ts:4:3: expected stopsOperation, timeoutMs, ${events}; got 'onTenantMade'. [E_INVALID_ENTRY]
hooks/throws.ts:2:7: can't be read: no. [E_INVALID_ENTRY]

8 problems in environment 'local'.
`,
    err: "",
  });
});

import { readFileSync } from "node:fs";
import { CommandError } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Deployment } from "../../src/deploy/deployment.ts";
import { resolvePendingOperations } from "../../src/deploy/pendingOperations.ts";
import type { Found, Plugin, ResourceType } from "../../src/localcloud/plugins/rpc/plugin.ts";
import { type PluginServer, servePlugin } from "../../src/localcloud/plugins/rpc/pluginServer.ts";

const SIGNATURE = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const CANARY = "canary p@ss/w:rd";
const SEALED = { ...SIGNATURE, ciphertext: "v1:sealed" };
const OPEN = { ...SIGNATURE, plaintext: JSON.stringify(CANARY) };
const PROVIDER_URN = "urn:pulumi:local::tenantry::pulumi:providers:postgresql::master-postgresql";

/** What exists outside, by id; what the plugin was configured with. */
const outside = new Map<string, Found["outputs"]>();
const configured: unknown[] = [];

function notAsked(): never {
  throw new Error("only read is asked");
}

const TYPE: ResourceType<object> = {
  check: notAsked,
  diff: notAsked,
  create: notAsked,
  update: notAsked,
  delete: notAsked,
  read: async (_, { id }) => {
    const outputs = outside.get(id);
    return outputs === undefined ? undefined : { id, inputs: {}, outputs };
  },
};

const plugin = (name: string, token: string): Plugin<object> => ({
  name,
  version: "1.0.0",
  isBridged: false,
  resources: { [token]: TYPE },
  invokes: {},
  replacingConfig: [],
  checkConfig: () => [],
  configure: (args) => {
    configured.push(args);
    return {};
  },
});

let servers: PluginServer[] = [];
let variables: Record<string, string> = {};
beforeAll(async () => {
  servers = await Promise.all([
    servePlugin(plugin("postgresql", "postgresql:index/role:Role"), 0),
    servePlugin(plugin("azure-native", "azure-native:dns:RecordSet"), 0),
  ]);
  variables = { PULUMI_DEBUG_PROVIDERS: servers.map(({ name, port }) => `${name}:${port}`).join(",") };
});
afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

/** A stack whose export is this deployment; answers what is imported back. */
async function resolve(
  deployment: (secret: object) => object,
): Promise<{ imported: Deployment; notes: string[] }> {
  let imported = "";
  const notes: string[] = [];
  const run = async (args: readonly string[]): Promise<string> => {
    if (args[1] === "import") imported = readFileSync(args.at(-1) ?? "", "utf8");
    const secret = args.includes("--show-secrets") ? OPEN : SEALED;
    return JSON.stringify({ version: 3, deployment: deployment(secret) });
  };
  await resolvePendingOperations("local", { run }, variables, (text) => notes.push(text));
  expect(imported).not.toContain(CANARY);
  return { imported: JSON.parse(imported) as Deployment, notes };
}

const role = (secret: object) => ({
  urn: "urn:pulumi:local::tenantry::postgresql:index/role:Role::reader",
  type: "postgresql:index/role:Role",
  custom: true,
  inputs: { name: "reader", login: true, password: secret },
  provider: `${PROVIDER_URN}::id`,
});
const provider = (secret: object) => ({
  urn: PROVIDER_URN,
  type: "pulumi:providers:postgresql",
  custom: true,
  id: "id",
  inputs: { host: "127.0.0.1", password: secret, version: "3.18.1", __internal: {} },
});

describe("resolvePendingOperations", () => {
  test("F1: a create that did happen becomes a resource, its secrets as sealed as before", async () => {
    outside.set("reader", { name: "reader", login: true, password: CANARY });
    const { imported, notes } = await resolve((secret) => ({
      resources: [provider(secret)],
      pending_operations: [{ resource: role(secret), type: "creating" }],
    }));
    expect(imported.deployment).toEqual({
      resources: [
        provider(SEALED),
        { ...role(SEALED), id: "reader", outputs: { name: "reader", login: true, password: SEALED } },
      ],
    });
    expect(notes).toEqual(["took over an interrupted operation (creating) on reader"]);
    expect(configured.at(-1)).toEqual({ host: "127.0.0.1", password: CANARY });
  });

  test("F1: a create that a later bare run did again is forgotten: the stack has the resource", async () => {
    outside.set("reader", { name: "reader", login: true, password: CANARY });
    const made = (secret: object) => ({ ...role(secret), id: "reader", outputs: { name: "reader" } });
    const { imported, notes } = await resolve((secret) => ({
      resources: [provider(secret), made(secret)],
      pending_operations: [{ resource: role(secret), type: "creating" }],
    }));
    expect(imported.deployment).toEqual({ resources: [provider(SEALED), made(SEALED)] });
    expect(notes).toEqual(["cleared an interrupted operation (creating) on reader"]);
  });

  test("F1: a create that was cut off twice becomes one resource", async () => {
    outside.set("reader", { name: "reader", login: true, password: CANARY });
    const { imported } = await resolve((secret) => ({
      resources: [provider(secret)],
      pending_operations: [
        { resource: role(secret), type: "creating" },
        { resource: role(secret), type: "creating" },
      ],
    }));
    expect(imported.deployment.resources?.map(({ urn }) => urn)).toEqual([PROVIDER_URN, role(SEALED).urn]);
  });

  test("F1: a cut-off update of ours is a difference to whatever the next run wants; another's is forgotten", async () => {
    const record = (secret: object) => ({
      urn: "urn:pulumi:local.acme::tenantry::tenantry:index:TenantRecord::acme-record",
      type: "tenantry:index:TenantRecord",
      id: "local.acme/record",
      inputs: { status: "active", password: secret },
    });
    const { imported } = await resolve((secret) => ({
      resources: [provider(secret), record(secret)],
      pending_operations: [
        {
          resource: { ...record(secret), inputs: { status: "deleted", password: secret } },
          type: "updating",
        },
        { resource: provider(secret), type: "updating" },
      ],
    }));
    expect(imported.deployment.resources).toEqual([
      provider(SEALED),
      { ...record(SEALED), inputs: { status: "active", password: SEALED, interruptedUpdate: true } },
    ]);
  });

  test("F1: one that did not is forgotten, as are deletes", async () => {
    outside.clear();
    const { imported, notes } = await resolve((secret) => ({
      resources: [provider(secret)],
      pending_operations: [
        { resource: role(secret), type: "creating" },
        { resource: { ...role(secret), id: "reader" }, type: "deleting" },
      ],
    }));
    expect(imported.deployment).toEqual({ resources: [provider(SEALED)] });
    expect(notes).toEqual([
      "cleared an interrupted operation (creating) on reader",
      "cleared an interrupted operation (deleting) on reader",
    ]);
  });

  test.each([
    { what: "ours", marker: "acme-id", isTaken: true },
    { what: "another's", marker: "other-id", isTaken: false },
  ])("F2: a record set that bears $what marker: taken over $isTaken", async ({ marker, isTaken }) => {
    const inputs = {
      resourceGroupName: "rg",
      zoneName: "z.test",
      recordType: "CNAME",
      relativeRecordSetName: "acme",
      metadata: { "tenantry-id": "acme-id" },
    };
    const id = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Network/dnsZones/z.test/CNAME/acme";
    outside.set(id, { metadata: { "tenantry-id": marker } });
    const azure = {
      urn: "urn:pulumi:local.acme::tenantry::pulumi:providers:azure-native::default_3_28_0",
      type: "pulumi:providers:azure-native",
      inputs: { subscriptionId: "sub" },
    };
    const record = {
      urn: "urn:pulumi:local.acme::tenantry::azure-native:dns:RecordSet::acme-cname",
      type: "azure-native:dns:RecordSet",
      inputs,
      provider: `${azure.urn}::uuid`,
    };
    const { imported } = await resolve(() => ({
      resources: [azure],
      pending_operations: [{ resource: record, type: "creating" }],
    }));
    expect(imported.deployment.resources?.slice(1).map((resource) => resource.id)).toEqual(
      isTaken ? [id] : [],
    );
  });

  test.each([
    { what: "is there", refusal: undefined, note: "took over" },
    { what: "is not there", refusal: "error: resource 'x' does not exist", note: "cleared" },
  ])(
    "where only the engine can start the plugin, the engine imports what $what",
    async ({ refusal, note }) => {
      const commands: (readonly string[])[] = [];
      const notes: string[] = [];
      const pending = {
        ...role(SEALED),
        parent: "urn:pulumi:local::tenantry::tenantry:index:PlatformStack::local",
      };
      const run = async (args: readonly string[]): Promise<string> => {
        commands.push(args);
        if (args[0] === "import" && refusal !== undefined) throw failedCommand(refusal);
        const deployment = {
          resources: [provider(SEALED)],
          pending_operations: [{ resource: pending, type: "creating" }],
        };
        return JSON.stringify({ version: 3, deployment });
      };
      await resolvePendingOperations("local", { run }, {}, (text) => notes.push(text));
      expect(notes).toEqual([`${note} an interrupted operation (creating) on reader`]);
      expect(commands.at(-1)).toEqual([
        ...["import", "postgresql:index/role:Role", "reader", "reader"],
        ...["--parent", `parent=${pending.parent}`, "--provider", `provider=${PROVIDER_URN}`],
        ...["--protect=false", "--generate-code=false", "--yes", "--skip-preview", "--stack", "local"],
      ]);
    },
  );
});

/** As the Automation API rejects; its constructor takes the command's result, which its types keep back. */
function failedCommand(stdout: string): Error {
  const Failed = CommandError as unknown as new (result: object) => Error;
  return new Failed({ code: 1, stdout, stderr: "" });
}

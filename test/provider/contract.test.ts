import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PluginHost } from "../../src/engine/providers/pluginHost.ts";
import type { Provider } from "../../src/engine/providers/provider.ts";
import { Computed, type PropertyMap, Secret } from "../../src/engine/value.ts";
import { openProvider, serveProvider } from "../../src/provider/index.ts";
import { EDGE_TARGET } from "../edge/azure.ts";
import { urnOf } from "./engine.ts";

/** Nobody listens there. */
const NOWHERE = "https://127.0.0.1:1";
const PROVIDER_URN = "urn:pulumi:local.acme::tenantry::pulumi:providers:tenantry::test";

const configOf = (environment: string): PropertyMap => ({
  ...EDGE_TARGET,
  environment,
  platformVaultUrl: NOWHERE,
  tenantVaultUrl: NOWHERE,
  masterRef: "master-admin",
  masterReadRef: "master-read",
});
const settings = (values: PropertyMap): PropertyMap => ({
  stack: "local.acme",
  slug: "acme",
  database: "tenant_acme",
  role: "tenant_acme_owner",
  settings: values,
});

/** How an engine of this process reaches the provider. */
interface Way {
  readonly host: PluginHost;
  close(): Promise<void>;
}

const project = { name: "tenantry", root: "/", programFolder: "/", pluginPaths: new Map() };
const hostOf = (parts: Pick<ConstructorParameters<typeof PluginHost>[0], "environment" | "services">) =>
  new PluginHost({
    project: project as never,
    engineAddress: "127.0.0.1:1",
    providers: {},
    report: () => undefined,
    ...parts,
  });

const WAYS: Readonly<Record<string, () => Promise<Way>>> = {
  "over a connection": async () => {
    const served = await serveProvider();
    const environment = { PULUMI_DEBUG_PROVIDERS: `tenantry:${served.port}` };
    return { host: hostOf({ environment, services: {} }), close: () => served.close() };
  },
  "in the engine's process": async () => {
    const opened = openProvider();
    const services = { tenantry: () => opened.instance() };
    return { host: hostOf({ environment: {}, services }), close: () => opened.close() };
  },
};

describe.each(Object.keys(WAYS))("the provider %s", (name) => {
  let way: Way;
  beforeAll(async () => {
    way = (await WAYS[name]?.()) as Way;
  });
  afterAll(async () => {
    way.host.close();
    await way.close();
  });

  async function configured(environment = "local"): Promise<Provider> {
    const provider = await way.host.load("tenantry");
    await provider.configure(PROVIDER_URN, "id", configOf(environment));
    return provider;
  }

  test("refuses a configuration that lacks what it needs, property by property", async () => {
    const provider = await way.host.load("tenantry");
    const { zone: _, ...news } = configOf("local");
    const { failures } = await provider.checkConfig({ urn: PROVIDER_URN, olds: {}, news, preview: false });
    expect(failures).toEqual([
      {
        property: "zone",
        reason: "E_NO_CONFIG: provider tenantry 'zone': expected a non-empty text; got nothing.",
      },
    ]);
  });

  test("keeps secrets secret and unknowns unknown", async () => {
    const provider = await configured();
    const urn = urnOf("Settings");
    const news = settings({ open: "yes", hidden: new Secret("canary"), later: new Computed() });
    const checked = await provider.check({ urn, olds: {}, news, preview: true });
    expect(checked).toEqual({
      failures: [],
      inputs: {
        ...settings({}),
        settings: new Secret({ open: "yes", hidden: "canary", later: new Computed() }),
      },
    });
    const made = await provider.create({ urn, inputs: checked.inputs, timeoutSeconds: 0, preview: true });
    expect(made).toEqual({
      id: "",
      outputs: settings({ open: "yes", hidden: "canary", later: new Computed() }),
      initErrors: [],
    });
  });

  test("makes an input that is a secret by its type secret, whatever the program said", async () => {
    const provider = await configured();
    const news = { stack: "local.acme", slug: "acme", name: "tenant-acme", value: "canary" };
    const { inputs } = await provider.check({ urn: urnOf("VaultSecret"), olds: {}, news, preview: false });
    expect(inputs).toEqual({ ...news, value: new Secret("canary") });
  });

  test("says what differs, by path, without a replacement", async () => {
    const provider = await configured();
    const diff = await provider.diff({
      urn: urnOf("Settings"),
      id: "local.acme/settings",
      oldInputs: settings({ same: 1, other: "a", gone: true }),
      oldOutputs: settings({}),
      newInputs: settings({ same: 1, other: new Computed(), "with.dot": [1] }),
      ignoreChanges: [],
      preview: true,
    });
    expect([diff.changes, diff.replaceKeys, diff.changedKeys]).toEqual(["some", [], ["settings"]]);
    expect(diff.detailedDiff).toEqual({
      "settings.gone": { kind: "delete", inputDiff: true },
      "settings.other": { kind: "update", inputDiff: true },
      'settings["with.dot"]': { kind: "add", inputDiff: true },
    });
  });

  test("fails with its own words, and refuses an unchangeable input", async () => {
    const provider = await configured();
    const unknown = { urn: urnOf("Nothing"), olds: {}, news: {}, preview: false };
    await expect(provider.check(unknown)).rejects.toThrow(
      "provider tenantry has no resource type 'tenantry:index:Nothing'.",
    );
    const olds = settings({});
    const news = { ...olds, slug: "globex" };
    const { failures } = await provider.check({ urn: urnOf("Settings"), olds, news, preview: false });
    expect(failures.map(({ property }) => property)).toEqual(["slug"]);
  });

  test("configures each instance by itself", async () => {
    const instances = [await configured("stage"), await configured("prod"), await way.host.load("tenantry")];
    const request = { urn: urnOf("Settings"), inputs: settings({}), timeoutSeconds: 0, preview: false };
    const texts = await Promise.all(
      instances.map((provider) => provider.create(request).then(String, (error: Error) => error.message)),
    );
    expect(
      texts.map((text) => /^E_WRONG_ENVIRONMENT.*'(stage|prod)'|before Configure/.exec(text)?.[0]),
    ).toEqual([expect.stringContaining("'stage'"), expect.stringContaining("'prod'"), "before Configure"]);
  });

  test("is changed in place when its configuration changes", async () => {
    const provider = await configured();
    const urn = PROVIDER_URN;
    const same = { urn, id: "id", ignoreChanges: [], preview: false };
    const config = configOf("local");
    const diff = await provider.diffConfig({
      ...same,
      oldInputs: config,
      oldOutputs: config,
      newInputs: { ...config, zone: "other.example" },
    });
    expect([diff.changes, diff.replaceKeys]).toEqual(["some", []]);
  });
});

import pb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plugin } from "../../../src/localcloud/plugins/rpc/plugin.ts";
import { type PluginServer, servePlugin } from "../../../src/localcloud/plugins/rpc/pluginServer.ts";
import { diffInputs } from "../../../src/localcloud/plugins/rpc/propertyDiff.ts";
import { decode, encode, Secret, UNKNOWN } from "../../../src/localcloud/plugins/rpc/values.ts";
import { PluginClient, secret, UNKNOWN as UNKNOWN_WIRE } from "./pluginClient.ts";

let server: PluginServer;
const ECHO = "echo:index:Echo";

/** Answers what it was configured with. */
const echo: Plugin<string> = {
  name: "echo",
  version: "1.2.3",
  resources: {
    [ECHO]: {
      check: (_config, { news }) => ({ inputs: news, failures: [] }),
      diff: (_config, { oldInputs, news }) => ({
        changes: diffInputs(oldInputs, news, { isReplace: (path) => path === "id" }),
        deleteBeforeReplace: true,
      }),
      create: async (config, { news }) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return { id: config, outputs: { ...news, config } };
      },
      read: async () => undefined,
      update: async () => ({}),
      delete: async () => undefined,
    },
  },
  invokes: { "echo:index:say": async (config, args) => ({ ...args, config }) },
  isBridged: false,
  replacingConfig: ["region"],
  checkConfig: (args) => (args.bad === undefined ? [] : [{ property: "bad", reason: "is bad" }]),
  configure: (args) => String(args.who),
};

beforeAll(async () => {
  server = await servePlugin(echo, 0);
});

afterAll(() => server.close());

async function withClient<Result>(work: (client: PluginClient) => Promise<Result>): Promise<Result> {
  const client = new PluginClient(server.port);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

test("forty provider instances at once, each with its own configuration, never mix", async () => {
  const runs = Array.from({ length: 40 }, (_, index) =>
    withClient(async (client) => {
      await client.configure({ who: `instance-${index}` });
      const created = await Promise.all(Array.from({ length: 10 }, () => client.create(ECHO, {})));
      return created.every(({ id, outputs }) => id === `instance-${index}` && outputs.config === id);
    }),
  );
  expect(await Promise.all(runs)).toEqual(runs.map(() => true));
});

test("a connection without Configure is refused, also when an earlier one had the same port", async () => {
  await withClient((client) => client.configure({ who: "a" }));
  await withClient((client) =>
    expect(client.create(ECHO, {})).rejects.toThrow("echo: Configure was not called on this connection"),
  );
});

test("a second, different Configure on one connection is refused instead of mixed", async () => {
  await withClient(async (client) => {
    await client.configure({ who: "a" });
    await client.configure({ who: "a" });
    await expect(client.configure({ who: "b" })).rejects.toThrow("already configured otherwise");
    expect((await client.create(ECHO, {})).id).toBe("a");
  });
});

test("Configure takes arguments, or variables when an engine sends no arguments, and answers honestly", async () => {
  await withClient(async (client) => {
    const request = new pb.ConfigureRequest();
    request.getVariablesMap().set("echo:config:who", "from variables");
    const response: pb.ConfigureResponse = await client.call("configure", request);
    expect(response.toObject()).toEqual({
      acceptsecrets: false,
      supportspreview: true,
      acceptresources: false,
      acceptoutputs: false,
      supportsAutonamingConfiguration: true,
    });
    expect((await client.create(ECHO, {})).id).toBe("from variables");
  });
});

test("refused and unknown configuration stops Configure by name", async () => {
  await withClient(async (client) => {
    expect(await client.checkConfig({ bad: 1 })).toEqual([{ property: "bad", reason: "is bad" }]);
    await expect(client.configure({ bad: 1 })).rejects.toThrow("echo provider: bad: is bad");
    await expect(client.configure({ who: UNKNOWN_WIRE })).rejects.toThrow(
      "echo provider: 'who' is not known yet",
    );
  });
});

test("a changed setting of the provider replaces its resources only where it must", async () => {
  const diffOf = (olds: object, news: object) =>
    withClient(async (client) => {
      const request = new pb.DiffRequest();
      request.setOldInputs(encode({ ...olds }));
      request.setNews(encode({ ...news }));
      const response: pb.DiffResponse = await client.call("diffConfig", request);
      return [response.getDiffsList(), response.getReplacesList()];
    });
  expect(await diffOf({ region: "a", who: "a" }, { region: "b", who: "a" })).toEqual([
    ["region"],
    ["region"],
  ]);
  expect(await diffOf({ who: "a" }, { who: "b" })).toEqual([["who"], []]);
});

test("a functions's answer goes through, an unknown function and an unknown type are refused by name", async () => {
  await withClient(async (client) => {
    await client.configure({ who: "me" });
    const request = new pb.InvokeRequest();
    request.setTok("echo:index:say");
    request.setArgs(encode({ word: "hi" }));
    const response: pb.InvokeResponse = await client.call("invoke", request);
    expect(decode(response.getReturn())).toEqual({ word: "hi", config: "me" });
    request.setTok("echo:index:shout");
    await expect(client.call("invoke", request)).rejects.toThrow("has no function 'echo:index:shout'");
    await expect(client.check("echo:index:Other", {})).rejects.toThrow("no resource type 'echo:index:Other'");
  });
});

test("what the protocol has and the plugin hasn't is refused by name", async () => {
  await withClient(async (client) => {
    const message = "echo: the local cloud's plugin does not answer 'getSchema'";
    await expect(client.call("getSchema", new pb.GetSchemaRequest())).rejects.toThrow(message);
    expect((await client.call("getPluginInfo", new emptyPb.Empty())).getVersion()).toBe("1.2.3");
    expect((await client.call("handshake", new pb.ProviderHandshakeRequest())).toObject()).toMatchObject({
      acceptSecrets: false,
    });
    await client.call("cancel", new emptyPb.Empty());
  });
});

test("values survive the wire: unknowns and secrets in, secrets out, nulls dropped, assets refused", () => {
  const wire = encode({ a: new Secret({ b: UNKNOWN }), c: [1, "x", true], d: undefined });
  expect(wire.toJavaScript()).toEqual({ a: secret({ b: UNKNOWN_WIRE }), c: [1, "x", true] });
  expect(decode(wire)).toEqual({ a: { b: UNKNOWN }, c: [1, "x", true] });
  const asset = encode({
    file: { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", path: "x" },
  });
  expect(() => decode(asset)).toThrow("property 'file' is an asset");
});

test("a diff names every changed leaf by its path", () => {
  const olds = { same: 1, gone: 1, list: [{ a: 1 }, { a: 2 }], map: { "x.y": "1" }, id: "a" };
  const news = { same: 1, new: UNKNOWN, list: [{ a: 1 }, { a: 3 }, { a: 4 }], map: { "x.y": "2" }, id: "b" };
  expect(diffInputs(olds, news, { isReplace: (path) => path === "id" })).toEqual([
    { path: "gone", kind: "delete", isReplace: false },
    { path: "id", kind: "update", isReplace: true },
    { path: "list[1].a", kind: "update", isReplace: false },
    { path: "list[2]", kind: "add", isReplace: false },
    { path: 'map["x.y"]', kind: "update", isReplace: false },
    { path: "new", kind: "add", isReplace: false },
  ]);
});

test("the server closes although a client is still connected", async () => {
  const other = await servePlugin(echo, 0);
  const client = new PluginClient(other.port);
  await client.configure({ who: "a" });
  await other.close();
  client.close();
});

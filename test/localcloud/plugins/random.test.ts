import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bcryptHash } from "../../../src/localcloud/plugins/random/bcrypt.ts";
import { randomPlugin } from "../../../src/localcloud/plugins/random/index.ts";
import { type PluginServer, servePlugin } from "../../../src/localcloud/plugins/rpc/pluginServer.ts";
import { PluginClient, secret, UNKNOWN } from "./pluginClient.ts";

let server: PluginServer;
let client: PluginClient;
const PASSWORD = "random:index/randomPassword:RandomPassword";
const STRING = "random:index/randomString:RandomString";
const ID = "random:index/randomId:RandomId";
const UUID = "random:index/randomUuid:RandomUuid";

beforeAll(async () => {
  server = await servePlugin(randomPlugin, 0);
  client = new PluginClient(server.port);
  await client.configure({});
});

afterAll(async () => {
  client.close();
  await server.close();
});

// What the official plugin 4.21.1 answers to the same calls.
const DEFAULTS = {
  lower: true,
  minLower: 0,
  minNumeric: 0,
  minSpecial: 0,
  minUpper: 0,
  number: true,
  numeric: true,
  special: true,
  upper: true,
};

test("a password has the official outputs, its result and hash secret", async () => {
  const state = await client.make(PASSWORD, { length: 20, special: false });
  const result = state.outputs.result.value;
  expect(result).toMatch(/^[a-zA-Z0-9]{20}$/);
  expect(state).toEqual({
    id: "none",
    inputs: { length: 20, special: false },
    outputs: {
      ...DEFAULTS,
      id: "none",
      length: 20,
      special: false,
      result: secret(result),
      bcryptHash: secret(expect.stringMatching(/^\$2a\$10\$.{53}$/)),
    },
  });
});

test("a preview knows everything but what is made", async () => {
  const { id, outputs } = await client.create(PASSWORD, { length: 20 }, true);
  expect({ id, outputs }).toEqual({
    id: "",
    outputs: { ...DEFAULTS, length: 20, id: UNKNOWN, result: UNKNOWN, bcryptHash: UNKNOWN },
  });
});

test("bcrypt is bcrypt: hashes of other implementations come out", async () => {
  const salt = Buffer.from(
    [..."9JT3eGw.NqRWff2Ka8tMku"].map((letter) => STANDARD[BCRYPT.indexOf(letter)]).join(""),
    "base64",
  );
  expect(await bcryptHash("SsqakDpXmOfquTBjm1FL", salt)).toBe(
    "$2a$10$9JT3eGw.NqRWff2Ka8tMkud8s33/COthy5NPD1X8z6N/9vw0fNQOm",
  );
  expect(await bcryptHash(`${"x".repeat(72)}tail`, salt)).toBe(await bcryptHash("x".repeat(72), salt));
});
const BCRYPT = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

test("every string has its length, its minimums and only allowed letters", async () => {
  const minimum = fc.integer({ min: 0, max: 4 });
  const minimums = fc.record({
    minLower: minimum,
    minUpper: minimum,
    minNumeric: minimum,
    minSpecial: minimum,
  });
  await fc.assert(
    fc.asyncProperty(minimums, fc.integer({ min: 16, max: 40 }), async (given, length) => {
      const { outputs, id } = await client.make(STRING, { length, ...given, overrideSpecial: "!+" });
      const count = (pattern: RegExp) => (outputs.result as string).match(pattern)?.length ?? 0;
      expect(id).toBe(outputs.result);
      expect(outputs.result).toHaveLength(length);
      expect(count(/[a-zA-Z0-9!+]/g)).toBe(length);
      expect(count(/[a-z]/g)).toBeGreaterThanOrEqual(given.minLower);
      expect(count(/[A-Z]/g)).toBeGreaterThanOrEqual(given.minUpper);
      expect(count(/[0-9]/g)).toBeGreaterThanOrEqual(given.minNumeric);
      expect(count(/[!+]/g)).toBeGreaterThanOrEqual(given.minSpecial);
    }),
    { numRuns: 25 },
  );
});

test("every changed input replaces, a written-out default doesn't", async () => {
  const state = await client.make(PASSWORD, { length: 20, special: false, keepers: { a: "1" } });
  const diff = async (news: object) =>
    (await client.diff(PASSWORD, state, { ...state.inputs, ...news })).changes;
  expect(await diff({})).toEqual({});
  expect(await diff({ lower: true, numeric: true, number: true, minUpper: 0 })).toEqual({});
  expect(await diff({ length: 30 })).toEqual({ length: "update replace" });
  expect(await diff({ special: true })).toEqual({ special: "update replace" });
  expect(await diff({ keepers: { a: "2" } })).toEqual({ "keepers.a": "update replace" });
  expect(await diff({ overrideSpecial: "!" })).toEqual({ overrideSpecial: "add replace" });
});

test("empty keepers are an update that leaves the value alone", async () => {
  const state = await client.make(PASSWORD, { length: 20 });
  const news = { ...state.inputs, keepers: {} };
  expect((await client.diff(PASSWORD, state, news)).changes).toEqual({ keepers: "add" });
  const updated = await client.update(PASSWORD, state, news);
  expect(updated.outputs).toEqual({ ...state.outputs, keepers: {} });
});

test("a refresh and a delete leave the value alone", async () => {
  const state = await client.make(PASSWORD, { length: 20 });
  const plain = {
    ...state.outputs,
    result: state.outputs.result.value,
    bcryptHash: state.outputs.bcryptHash.value,
  };
  expect(await client.read(PASSWORD, "none", { inputs: state.inputs, outputs: plain })).toEqual(state);
  await client.delete(PASSWORD, state);
});

test("state that the official plugin wrote makes no difference", async () => {
  const meta = { __meta: '{"schema_version":"3"}', __pulumi_raw_state_delta: { obj: {} } };
  const outputs = { ...DEFAULTS, ...meta, id: "none", length: 20, result: "x", bcryptHash: "y" };
  const state = { id: "none", inputs: { __defaults: [], length: 20 }, outputs };
  expect((await client.diff(PASSWORD, state, { length: 20 })).changes).toEqual({});
});

test("an imported password keeps its text and no diff remains", async () => {
  const state = await client.read(PASSWORD, "hello");
  expect(state).toEqual({
    id: "none",
    inputs: { length: 5, lower: true, number: true, numeric: true, special: true, upper: true },
    outputs: {
      ...DEFAULTS,
      id: "none",
      length: 5,
      result: secret("hello"),
      bcryptHash: secret(expect.any(String)),
    },
  });
  expect((await client.diff(PASSWORD, state!, { length: 5 })).changes).toEqual({});
});

test("an id is spelled four ways with its prefix, and imported from one", async () => {
  const imported = await client.read(ID, "p-,EjRWeA");
  expect(imported).toEqual({
    id: "EjRWeA",
    inputs: { byteLength: 4, prefix: "p-" },
    outputs: {
      id: "EjRWeA",
      b64Std: "p-EjRWeA==",
      b64Url: "p-EjRWeA",
      byteLength: 4,
      dec: "p-305419896",
      hex: "p-12345678",
      prefix: "p-",
    },
  });
  const { id, outputs } = await client.make(ID, { byteLength: 4 });
  expect(Buffer.from(id, "base64url").toString("hex")).toBe(outputs.hex);
});

test("a uuid is its id, and only a uuid is imported", async () => {
  const state = await client.make(UUID, { keepers: { a: "1" } });
  expect(state.outputs).toEqual({ id: state.id, keepers: { a: "1" }, result: state.id });
  expect((await client.read(UUID, state.id))?.outputs).toEqual({ id: state.id, result: state.id });
  await expect(client.read(UUID, "x")).rejects.toThrow("import id must be a UUID; got 'x'");
});

test.each([
  [PASSWORD, {}, "missing required property 'length'"],
  [PASSWORD, { length: 0 }, "'length' must be at least 1; got 0"],
  [PASSWORD, { length: 3, minLower: 5 }, "(5); got 3"],
  [PASSWORD, { length: 5, lower: false, upper: false, numeric: false, special: false }, "at least one of"],
  [PASSWORD, { length: 5, number: true, numeric: false }, "leave 'number' out"],
  [PASSWORD, { length: 5, foo: 1 }, "there is no property 'foo'"],
  [PASSWORD, { length: "5" }, "expected a number; got '5'"],
  [ID, {}, "missing required property 'byteLength'"],
] as const)("%s with %j is refused", async (type, inputs, reason) => {
  const { failures } = await client.check(type, inputs);
  expect(failures.map((failure) => failure.reason).join()).toContain(reason);
});

test("a type that isn't built is refused by name", async () => {
  const message = "the local cloud has no resource type 'random:index/randomPet:RandomPet'";
  await expect(client.check("random:index/randomPet:RandomPet", {})).rejects.toThrow(message);
});

import { type Bag, UNKNOWN } from "../localcloud/plugins/pluginClient.ts";
import { attempt, live, make, planned, refusals, type Scenario } from "./comparison.ts";

export const PASSWORD = "random:index/randomPassword:RandomPassword";
export const STRING = "random:index/randomString:RandomString";
export const ID = "random:index/randomId:RandomId";
export const UUID = "random:index/randomUuid:RandomUuid";

const HASH = /^\$2a\$10\$.{53}$/;
const EVERY_OPTION = {
  length: 24,
  lower: true,
  upper: true,
  numeric: true,
  special: true,
  overrideSpecial: "!+",
  minLower: 1,
  minUpper: 2,
  minNumeric: 3,
  minSpecial: 4,
  keepers: { a: "1" },
};

/** One change of each input of a text, from nothing but a length. */
const TEXT_CHANGES: Readonly<Record<string, Bag>> = {
  nothing: {},
  length: { length: 21 },
  "length unknown": { length: UNKNOWN },
  lower: { lower: false },
  upper: { upper: false },
  numeric: { numeric: false },
  number: { number: false },
  special: { special: false },
  "defaults written out": { lower: true, upper: true, numeric: true, special: true, minLower: 0 },
  minLower: { minLower: 1 },
  minUpper: { minUpper: 1 },
  minNumeric: { minNumeric: 1 },
  minSpecial: { minSpecial: 1 },
  overrideSpecial: { overrideSpecial: "!" },
  "overrideSpecial empty": { overrideSpecial: "" },
  keepers: { keepers: { a: "1" } },
  "keepers empty": { keepers: {} },
  "keepers unknown": { keepers: { a: UNKNOWN } },
};

const TEXT_REMOVALS: Readonly<Record<string, Bag>> = {
  nothing: {},
  "keepers changed": { keepers: { a: "2" } },
  "keepers one more": { keepers: { a: "1", b: "2" } },
  "keepers other": { keepers: { b: "1" } },
  "keepers gone": { keepers: undefined },
  "overrideSpecial gone": { overrideSpecial: undefined },
  "minimums gone": { minLower: undefined, minUpper: undefined },
  "two at once": { length: 30, special: false },
};

const REFUSED_TEXTS: Readonly<Record<string, Bag>> = {
  "no length": {},
  "length 0": { length: 0 },
  "length negative": { length: -1 },
  "length in words": { length: "many" },
  "minimums above the length": { length: 3, minLower: 2, minUpper: 2 },
  "no class": { length: 5, lower: false, upper: false, numeric: false, special: false },
  "number against numeric": { length: 5, number: true, numeric: false },
  "a property that is none": { length: 5, foo: 1 },
  "keepers no map": { length: 5, keepers: "x" },
  "special in words": { length: 5, special: "maybe" },
};

const REFUSED_HERE = {
  // The official plugin drops it without a word.
  "a property that is none.at": { ours: "check", official: "nowhere" },
  "number against numeric.at": { ours: "check", official: "preview" },
};

/** RandomPassword, RandomString, RandomId and RandomUuid, call by call. */
export const RANDOM_SCENARIOS: readonly Scenario[] = [
  {
    title: "a password with defaults",
    run: (side) => live(side, PASSWORD, { length: 20 }),
    masks: textMasks(/^.{20}$/, true),
  },
  {
    title: "a password with every option",
    run: (side) => live(side, PASSWORD, EVERY_OPTION),
    masks: textMasks(/^[a-zA-Z0-9!+]{24}$/, true),
  },
  {
    title: "a password of digits, told by the old name `number`",
    run: (side) =>
      live(side, PASSWORD, { length: 8, lower: false, upper: false, special: false, number: true }),
    masks: textMasks(/^[0-9]{8}$/, true),
  },
  { title: "a password's plans", run: (side) => planned(side, PASSWORD, { length: 20 }, TEXT_CHANGES) },
  {
    title: "a password's plans when options go",
    run: (side) => planned(side, PASSWORD, EVERY_OPTION, TEXT_REMOVALS),
  },
  {
    title: "an imported password, and what the program then plans",
    run: ({ client }) => imported(client, PASSWORD, "abcDEF123!x", { length: 11 }),
    masks: { "read.outputs.bcryptHash": HASH },
  },
  { title: "refused passwords", run: (side) => refusals(side, PASSWORD, REFUSED_TEXTS), known: REFUSED_HERE },
  {
    title: "a string with defaults",
    run: (side) => live(side, STRING, { length: 20 }),
    masks: textMasks(/^.{20}$/, false),
  },
  {
    title: "a string with every option",
    run: (side) => live(side, STRING, EVERY_OPTION),
    masks: textMasks(/^[a-zA-Z0-9!+]{24}$/, false),
  },
  { title: "a string's plans", run: (side) => planned(side, STRING, { length: 20 }, TEXT_CHANGES) },
  {
    title: "a string's plans when options go",
    run: (side) => planned(side, STRING, EVERY_OPTION, TEXT_REMOVALS),
  },
  {
    title: "an imported string, and what the program then plans",
    run: ({ client }) => imported(client, STRING, "abc", { length: 3 }),
  },
  { title: "refused strings", run: (side) => refusals(side, STRING, REFUSED_TEXTS), known: REFUSED_HERE },
  {
    title: "an id",
    run: (side) => live(side, ID, { byteLength: 8, prefix: "p-", keepers: { a: "1" } }),
    masks: idMasks(),
  },
  {
    title: "an id's plans",
    run: (side) =>
      planned(
        side,
        ID,
        { byteLength: 8, prefix: "p-", keepers: { a: "1" } },
        {
          nothing: {},
          byteLength: { byteLength: 9 },
          prefix: { prefix: "q-" },
          "prefix gone": { prefix: undefined },
          keepers: { keepers: { a: "2" } },
          "keepers gone": { keepers: undefined },
        },
      ),
  },
  {
    title: "an imported id",
    run: ({ client }) => imported(client, ID, "p-,EjRWeA", { byteLength: 4, prefix: "p-" }),
  },
  {
    title: "an imported id without a prefix",
    run: ({ client }) => imported(client, ID, "EjRWeA", { byteLength: 4 }),
  },
  {
    title: "refused ids",
    run: (side) =>
      refusals(side, ID, {
        "no byteLength": {},
        "byteLength 0": { byteLength: 0 },
        "byteLength in words": { byteLength: "many" },
        "a property that is none": { byteLength: 4, foo: 1 },
      }),
    known: {
      // The official plugin drops it without a word.
      "a property that is none.at": { ours: "check", official: "nowhere" },
      // Its description says that 1 is the least; it makes an empty id.
      "byteLength 0.at": { ours: "check", official: "nowhere" },
    },
  },
  {
    title: "a uuid",
    run: (side) => live(side, UUID, { keepers: { a: "1" } }),
    masks: Object.fromEntries(
      [
        "made.id",
        "made.outputs.id",
        "made.outputs.result",
        "read.id",
        "read.outputs.id",
        "read.outputs.result",
      ].map((path) => [path, /^[0-9a-f-]{36}$/]),
    ),
  },
  {
    title: "a uuid's plans",
    run: (side) =>
      planned(
        side,
        UUID,
        { keepers: { a: "1" } },
        { nothing: {}, keepers: { keepers: { a: "2" } }, "keepers gone": { keepers: undefined } },
      ),
  },
  {
    title: "an imported uuid",
    run: ({ client }) => imported(client, UUID, "6f1a3bd0-8d7c-4a53-9b6e-0d8f1c2e3a4b", {}),
  },
  {
    title: "imports of what is none",
    run: async ({ client }) => ({
      uuid: await attempt(() => client.read(UUID, "x")),
      id: await attempt(() => client.read(ID, "!!")),
    }),
  },
  {
    title: "the inputs of a password after a refresh",
    run: async ({ client }) => {
      const state = await make(client, PASSWORD, { length: 20 });
      const refreshed = await client.read(PASSWORD, state.id, state);
      return { inputs: refreshed?.inputs ?? {} };
    },
  },
];

/** A read by id alone, then the plan of a program that says `news`. */
async function imported(
  client: Parameters<typeof make>[0],
  type: string,
  id: string,
  news: Bag,
): Promise<Bag> {
  const read = await client.read(type, id);
  if (read === undefined) return { read };
  const { inputs } = await client.check(type, news, read.inputs);
  return { read, plan: await client.plan(type, read, inputs) };
}

function textMasks(text: RegExp, isPassword: boolean): NonNullable<Scenario["masks"]> {
  const paths = ["made.outputs.result", "read.outputs.result"];
  const ids = isPassword ? [] : ["made.id", "made.outputs.id", "read.id", "read.outputs.id"];
  const hashes = isPassword ? ["made.outputs.bcryptHash", "read.outputs.bcryptHash"] : [];
  return Object.fromEntries([
    ...[...paths, ...ids].map((path) => [path, text]),
    ...hashes.map((path) => [path, HASH]),
  ]);
}

/** Eight bytes in four spellings. */
function idMasks(): NonNullable<Scenario["masks"]> {
  const spellings = {
    "outputs.b64Std": /^p-[A-Za-z0-9+/]{11}=$/,
    "outputs.b64Url": /^p-[\w-]{11}$/,
    "outputs.dec": /^p-\d{1,20}$/,
    "outputs.hex": /^p-[0-9a-f]{16}$/,
    "outputs.id": /^[\w-]{11}$/,
    id: /^[\w-]{11}$/,
  };
  return Object.fromEntries(
    ["made", "read"].flatMap((step) =>
      Object.entries(spellings).map(([name, pattern]) => [`${step}.${name}`, pattern]),
    ),
  );
}

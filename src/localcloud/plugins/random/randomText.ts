import { randomInt } from "node:crypto";
import { UNKNOWN, type Value, type ValueMap } from "../rpc/values.ts";
import { bcryptHash } from "./bcrypt.ts";
import { numberOf, type RandomKind } from "./randomType.ts";

const SPECIAL = "!@#$%&*()-_=+[]{}<>:?";
const CLASSES = [
  { flag: "special", minimum: "minSpecial", letters: SPECIAL },
  { flag: "upper", minimum: "minUpper", letters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
  { flag: "lower", minimum: "minLower", letters: "abcdefghijklmnopqrstuvwxyz" },
  { flag: "numeric", minimum: "minNumeric", letters: "0123456789" },
] as const;
const INPUTS = {
  keepers: "map",
  length: "number",
  lower: "boolean",
  minLower: "number",
  minNumeric: "number",
  minSpecial: "number",
  minUpper: "number",
  number: "boolean",
  numeric: "boolean",
  overrideSpecial: "string",
  special: "boolean",
  upper: "boolean",
} as const;

/** RandomString: the text is its id. */
export const randomString: RandomKind = {
  inputs: INPUTS,
  made: ["result"],
  secrets: [],
  fill,
  refuse,
  make: async (filled) => {
    const result = makeText(filled);
    return { id: result, outputs: { ...filled, result } };
  },
  adopt: async (text) => ({
    id: text,
    outputs: { ...adoptedOutputs(text), result: text },
    inputs: adoptedInputs(text),
  }),
};

/** RandomPassword: id `none`, result and its bcrypt hash secret. */
export const randomPassword: RandomKind = {
  ...randomString,
  made: ["bcryptHash", "result"],
  secrets: ["bcryptHash", "result"],
  make: async (filled) => {
    const result = makeText(filled);
    return { id: "none", outputs: { ...filled, result, bcryptHash: await bcryptHash(result) } };
  },
  adopt: async (text) => ({
    id: "none",
    outputs: { ...adoptedOutputs(text), result: text, bcryptHash: await bcryptHash(text) },
    inputs: adoptedInputs(text),
  }),
};

function fill(inputs: ValueMap): ValueMap {
  const numeric = inputs.numeric ?? inputs.number ?? true;
  const minimums = Object.fromEntries(CLASSES.map(({ minimum }) => [minimum, 0]));
  return { lower: true, special: true, upper: true, ...minimums, ...inputs, number: numeric, numeric };
}

function refuse(filled: ValueMap, { number, numeric }: ValueMap): readonly string[] {
  const length = filled.length;
  if (typeof number === "boolean" && typeof numeric === "boolean" && number !== numeric)
    return ["'number' is the old name of 'numeric', and the two say different things: leave 'number' out"];
  if (length === undefined) return ["missing required property 'length'"];
  if (length !== UNKNOWN && Number(length) < 1) return [`'length' must be at least 1; got ${String(length)}`];
  const minimums = CLASSES.map(({ minimum }) => filled[minimum]);
  if (minimums.includes(UNKNOWN) || length === UNKNOWN) return [];
  const sum = minimums.reduce<number>((total, value) => total + Number(value), 0);
  const reasons =
    Number(length) < sum
      ? [
          `'length' must be at least minUpper + minLower + minNumeric + minSpecial (${sum}); got ${String(length)}`,
        ]
      : [];
  if (CLASSES.every(({ flag }) => filled[flag] === false))
    reasons.push("at least one of 'special', 'upper', 'lower' and 'numeric' must be true");
  return reasons;
}

function makeText(filled: ValueMap): string {
  const classes = CLASSES.map(({ flag, minimum, letters }) => ({
    isUsed: filled[flag] === true,
    minimum: numberOf(filled, minimum),
    letters: flag === "special" ? overridden(filled.overrideSpecial, letters) : letters,
  }));
  const all = classes
    .filter(({ isUsed }) => isUsed)
    .map(({ letters }) => letters)
    .join("");
  const required = classes.flatMap(({ minimum, letters }) => pickLetters(letters, minimum));
  return shuffle([...required, ...pickLetters(all, numberOf(filled, "length") - required.length)]).join("");
}

function overridden(override: Value | undefined, letters: string): string {
  return typeof override === "string" && override !== "" ? override : letters;
}

function pickLetters(letters: string, count: number): string[] {
  return Array.from({ length: count }, () => letters[randomInt(letters.length)] ?? "");
}

/** Fisher and Yates. */
function shuffle(letters: string[]): string[] {
  for (let index = letters.length - 1; index > 0; index -= 1) {
    const other = randomInt(index + 1);
    const kept = letters[index] ?? "";
    letters[index] = letters[other] ?? "";
    letters[other] = kept;
  }
  return letters;
}

function adoptedInputs(text: string): ValueMap {
  return { length: [...text].length, lower: true, number: true, numeric: true, special: true, upper: true };
}

function adoptedOutputs(text: string): ValueMap {
  return fill(adoptedInputs(text));
}

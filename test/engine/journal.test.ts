import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkpointOf,
  parseCheckpoint,
  type StateTexts,
  stateTexts,
  textsOf,
} from "../../src/engine/checkpoint.ts";
import { entryLine, headerLine, replayJournal } from "../../src/engine/journal.ts";
import { applyDelta, deltaBetween } from "../../src/engine/listDelta.ts";
import type { Snapshot } from "../../src/engine/snapshot.ts";
import { EMPTY, type Part, runModel, World } from "./support/model.ts";

const texts = fc.array(fc.constantFrom("a", "b", "c", "d", "e", "f", "g"), { maxLength: 7 });

describe("what changed in a list", () => {
  test("makes the new list of the old one, or is refused because the order changed", () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const delta = deltaBetween(before, after);
        if (delta !== undefined) expect(applyDelta(before, delta)).toEqual(after);
        else expect(before.filter((text) => after.includes(text)).length).toBeGreaterThan(1);
      }),
      { numRuns: 2000 },
    );
  });

  test("is only what changed, wherever it stands", () => {
    const before = Array.from({ length: 100 }, (_, index) => `${index}`);
    const after = [...before.slice(0, 40), "new", ...before.slice(41, 99)];
    expect(deltaBetween(before, after)).toEqual({ cut: [40, 99], put: [[40, "new"]] });
    expect(deltaBetween(before, before)).toEqual({ cut: [], put: [] });
  });

  test("another order is none", () => {
    expect(deltaBetween(["a", "b"], ["b", "a"])).toBeUndefined();
    expect(deltaBetween(["a", "b", "c"], ["c", "b"])).toBeUndefined();
  });

  test("is refused by a list that it isn't of", () => {
    expect(() => applyDelta(["a"], { cut: [3], put: [] })).toThrow("cuts what isn't there");
    expect(() => applyDelta(["a"], { cut: [], put: [[5, "b"]] })).toThrow("past the end");
  });
});

/** A run of the model, every state of which was also written as a checkpoint of its own. */
interface Written {
  readonly base: StateTexts;
  readonly saved: readonly StateTexts[];
}

const part = (index: number): fc.Arbitrary<Part> =>
  fc.record({
    name: fc.constant(`r${index}`),
    isComponent: fc.constant(false),
    value: fc.nat(2),
    key: fc.nat(1),
    isDeletedFirst: fc.boolean(),
    parent: fc.constant(undefined),
    dependsOn: index === 0 ? fc.constant([]) : fc.uniqueArray(fc.nat(index - 1), { maxLength: 2 }),
    source: index === 0 ? fc.constant(undefined) : fc.option(fc.nat(index - 1), { nil: undefined }),
    replaceWith: fc.constant(undefined),
  });
const program = fc
  .nat(6)
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => part(index))));

describe("a journal", () => {
  test("after every save it says what a checkpoint written then says (F1, F8)", async () => {
    await fc.assert(
      fc.asyncProperty(program, program, fc.boolean(), async (first, second, isDestroyed) => {
        const world = new World();
        const made = await written(world, EMPTY, first, "update");
        expectSame(made);
        const mode = isDestroyed ? "destroy" : "update";
        expectSame(await written(world, made.stored, second, mode));
      }),
      { numRuns: 100 },
    );
  });

  test("refuses an entry that is missing, a line that was changed, and one of another checkpoint", () => {
    const [base, first, second] = [["a"], ["a", "b"], ["b"]].map(namesTexts) as [
      StateTexts,
      StateTexts,
      StateTexts,
    ];
    const baseText = checkpointOf("demo/dev", base, undefined);
    const lines = [headerLine(baseText), entryLine(1, base, first), entryLine(2, first, second)];
    const replay = (text: string | undefined): unknown => replayed(baseText, text).resources;
    expect(replay(lines.join(""))).toEqual([{ urn: "b" }]);
    expect(() => replay([lines[0], lines[2]].join(""))).toThrow("entry 1 is missing");
    expect(() => replay(lines.join("").replace('"b"', '"c"'))).toThrow("line 2 is not what was written");
    expect(() => replay(headerLine("another"))).toThrow("not the journal of the checkpoint beside it");
    expect(() => replay(undefined)).toThrow("it is missing");
  });

  test("every byte at the end that is missing takes at most the last save away", () => {
    const states = [["a"], ["a", "b"], ["b", "ü"], []].map(namesTexts);
    const baseText = checkpointOf("demo/dev", states[0] as StateTexts, undefined);
    const lines = states
      .slice(1)
      .map((after, index) => entryLine(index + 1, states[index] as StateTexts, after));
    const whole = Buffer.from(headerLine(baseText) + lines.join(""));
    const ends = [headerLine(baseText), ...lines].map((line) => Buffer.byteLength(line));
    for (let length = ends[0] ?? 0; length <= whole.length; length++) {
      const text = whole.subarray(0, length).toString("utf8");
      const entries = text.split("\n").length - 2;
      expect(replayed(baseText, text).resources).toEqual(namesOf(states[entries] as StateTexts));
    }
  });
});

async function written(
  world: World,
  base: Snapshot,
  parts: readonly Part[],
  mode: "update" | "destroy",
): Promise<Written & { readonly stored: Snapshot }> {
  const saved: StateTexts[] = [];
  const { stored, errors } = await runModel({
    mode,
    preview: false,
    base,
    program: parts,
    world,
    onSave: (snapshot) => saved.push(stateTexts(snapshot, undefined)),
  });
  expect(errors).toEqual([]);
  return { base: stateTexts(base, undefined), saved, stored };
}

/** Each prefix of the journal makes the state that was saved then. */
function expectSame({ saved }: Written): void {
  const [base, ...rest] = saved;
  if (base === undefined) return;
  const baseText = checkpointOf("demo/dev", base, undefined);
  let journal = headerLine(baseText);
  for (const [index, after] of rest.entries()) {
    journal += entryLine(index + 1, saved[index] as StateTexts, after);
    expect(textsOf(replayed(baseText, journal))).toEqual(after);
  }
}

function replayed(baseText: string, journal: string | undefined): ReturnType<typeof replayJournal> {
  return replayJournal(parseCheckpoint(baseText, "state").deployment, baseText, journal, "journal");
}

function namesTexts(names: readonly string[]): StateTexts {
  return { resources: names.map((urn) => JSON.stringify({ urn })), operations: [], features: [] };
}

function namesOf({ resources }: StateTexts): readonly unknown[] {
  return resources.map((text) => JSON.parse(text) as unknown);
}

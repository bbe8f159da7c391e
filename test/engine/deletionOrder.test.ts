import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deletionOrder } from "../../src/engine/dependencyGraph.ts";
import { dependenciesOf, newState, type ResourceState } from "../../src/engine/state.ts";
import { createUrn, providerReference, providerType } from "../../src/engine/urn.ts";

const thing = fc.record({
  name: fc.nat({ max: 7 }),
  isProvider: fc.nat({ max: 3 }).map((one) => one === 0),
  needs: fc.array(fc.nat({ max: 11 }), { maxLength: 3 }),
  provider: fc.nat({ max: 11 }),
  parent: fc.nat({ max: 11 }),
});

/** Each refers to earlier ones only, as in a state; names, and so URNs, may occur more than once. */
function statesOf(
  things: readonly (typeof thing extends fc.Arbitrary<infer T> ? T : never)[],
): ResourceState[] {
  const states: ResourceState[] = [];
  for (const { name, isProvider, needs, provider, parent } of things) {
    const type = isProvider ? providerType("test") : "test:index:Thing";
    const found = states[provider];
    const isServed = !isProvider && found?.type === providerType("test");
    states.push(
      newState({
        urn: createUrn("dev", "demo", "", type, `thing-${name}`),
        type,
        id: `id${name % 2}`,
        parent: states[parent]?.urn ?? "",
        provider: isServed ? providerReference(found.urn, found.id) : "",
        dependencies: needs.flatMap((place) => states[place]?.urn ?? []),
      }),
    );
  }
  return states;
}

/** One group after the other, each found by looking at all that are left. */
function plainOrder(states: readonly ResourceState[]): readonly (readonly ResourceState[])[] {
  const groups: (readonly ResourceState[])[] = [];
  for (let left = states; left.length > 0; ) {
    const isNeeded = (state: ResourceState): boolean =>
      left.some(
        (by) =>
          by.provider === providerReference(state.urn, state.id) ||
          (by.urn !== state.urn && dependenciesOf(by).includes(state.urn)),
      );
    const group = left.filter((state) => !isNeeded(state));
    if (group.length === 0) return [];
    groups.push(group);
    left = left.filter((state) => !group.includes(state));
  }
  return groups;
}

describe("the order of deletes", () => {
  test("is that of looking again and again for what nothing left needs", () => {
    let longest = 0;
    fc.assert(
      fc.property(fc.array(thing, { maxLength: 12 }), (things) => {
        const states = statesOf(things);
        const expected = plainOrder(states);
        longest = Math.max(longest, expected.length);
        if (expected.length === 0 && states.length > 0)
          expect(() => deletionOrder(states)).toThrow("the state's dependencies form a circle");
        else expect(deletionOrder(states)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
    expect(longest).toBeGreaterThan(3);
  });
});

import { describe, expect, test } from "vitest";
import { differences, type Outcome, orderProblems, type Resource } from "../../bench/engines/outcome.ts";

const URN = "urn:pulumi:dev::demo::random:index/randomString:RandomString::name";
const STACK = "urn:pulumi:dev::demo::pulumi:pulumi:Stack::demo-dev";
const DATABASE = "urn:pulumi:dev::demo::postgresql:index/database:Database::db";

/** A run of a random name and a database that is called by it. */
function outcomeOf(result: string, change: (resource: Resource) => Resource = (same) => same): Outcome {
  const name = { urn: URN, type: "random:index/randomString:RandomString", id: result };
  const resources: readonly Resource[] = [
    {
      urn: STACK,
      type: "pulumi:pulumi:Stack",
      outputs: { url: `postgres://${result}@host/db-${suffixOf(result)}` },
    },
    { ...name, inputs: { length: result.length }, outputs: { length: result.length, result } },
    {
      urn: DATABASE,
      type: "postgresql:index/database:Database",
      dependencies: [URN],
      inputs: { owner: result },
    },
  ];
  const steps = [STACK, URN, DATABASE].flatMap((urn) => [
    { moment: "began" as const, op: "create", urn },
    { moment: "ended" as const, op: "create", urn },
  ]);
  return {
    stages: [{ name: "up", failure: undefined, changes: { create: 3 }, steps }],
    outputs: { name: { value: result, secret: false } },
    states: { up: resources.map(change) },
  };
}

const suffixOf = (text: string): string => Buffer.from(text).toString("hex").slice(0, 7);

describe("two runs are compared", () => {
  test("random values of one shape are equal, wherever they stand", () => {
    expect(differences(outcomeOf("abcdefgh"), outcomeOf("QRSTUVWX"))).toEqual([]);
  });

  test("a random value of another length is a difference", () => {
    const found = differences(outcomeOf("abcdefgh"), outcomeOf("abcdefghi"));
    expect(found).toContain("outputs name value: abcdefgh and abcdefghi");
  });

  test("another value, a missing resource, and another count or order of steps are", () => {
    const one = outcomeOf("abcdefgh");
    const owned = outcomeOf("abcdefgh", (each) =>
      each.urn === DATABASE ? { ...each, inputs: { owner: "me" } } : each,
    );
    expect(differences(one, owned)).toEqual([`state after up ${DATABASE} inputs owner: abcdefgh and me`]);
    const [up] = one.stages;
    const stages = up === undefined ? [] : [{ ...up, failure: "no", changes: {}, steps: up.steps.slice(2) }];
    expect(differences(one, { ...one, stages })).toEqual([
      "up ends: well and with an error",
      "up counts create: 3 and nothing",
      `up steps: 'began create ${STACK}' 1 and 0 times`,
      `up steps: 'ended create ${STACK}' 1 and 0 times`,
    ]);
  });

  test("a step before what it depends on was done is a problem", () => {
    const { stages, ...rest } = outcomeOf("abcdefgh");
    expect(orderProblems({ stages, ...rest })).toEqual([]);
    const turned = stages.map((stage) => ({ ...stage, steps: stage.steps.toReversed() }));
    expect(orderProblems({ ...rest, stages: turned })).toEqual([
      `up: '${DATABASE}' began before '${URN}' was done`,
    ]);
  });
});

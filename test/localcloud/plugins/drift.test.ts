import { expect, test } from "vitest";
import { inputNames } from "../../../src/localcloud/plugins/azureNative/azureShape.ts";
import { AZURE_TYPES } from "../../../src/localcloud/plugins/azureNative/azureTypeTable.ts";
import { azureBench, inGroup, makeEdge, token } from "./azureBench.ts";
import { AZURE_DRIFT, type DriftSample } from "./azureDriftTable.ts";
import type { Bag, State } from "./pluginClient.ts";

const bench = azureBench();

test.each(AZURE_DRIFT)(
  "$title: every input changed by hand is read, planned alone, and mended",
  async (sample) => {
    let state = await makeSample(sample);
    const { inputs } = state;
    expect((await bench.client.read(token(sample.type), state.id, state))?.inputs).toEqual(inputs);
    for (const [path, { wire, to, plan = { [path]: "update" } }] of Object.entries(sample.byHand)) {
      await changeByHand(sample, wire, to);
      const found = await bench.client.read(token(sample.type), state.id, state);
      expect(found?.inputs, path).not.toEqual(inputs);
      const { changes } = await bench.client.diff(token(sample.type), found!, inputs);
      expect(changes, path).toEqual(plan);
      state = await bench.client.update(token(sample.type), found!, inputs);
      const mended = await bench.client.read(token(sample.type), state.id, state);
      expect(mended?.inputs, path).toEqual(inputs);
    }
  },
);

test.each(AZURE_DRIFT)("$title: deleted by hand is read as gone", async (sample) => {
  const state = await makeSample(sample);
  const { status } = await bench.cloud.arm("DELETE", sample.id, versionOf(sample));
  expect([200, 202, 204]).toContain(status);
  await expect
    .poll(() => bench.client.read(token(sample.type), state.id, state), { timeout: 10_000 })
    .toBeUndefined();
  await bench.client.delete(token(sample.type), state);
});

test.each(AZURE_TYPES)("$token: no input is left out here", (type) => {
  const samples = AZURE_DRIFT.filter((sample) => token(sample.type) === type.token);
  const told = samples.flatMap(({ byHand, fixed, unseen = [] }) =>
    [...Object.keys(byHand), ...fixed, ...unseen].map((path) => path.split(/[.[]/)[0]),
  );
  const naming = [
    "resourceGroupName",
    ...type.path,
    ...(type.token.endsWith("RecordSet") ? ["recordType"] : []),
  ];
  expect([...new Set([...naming, ...told])].sort()).toEqual([...inputNames(type)].sort());
});

/** The sample itself, after what it needs. */
async function makeSample({ type, inputs, id }: DriftSample): Promise<State> {
  await makeEdge(bench);
  const inProfile = { ...inGroup, profileName: "p" };
  await bench.make("cdn:AFDOriginGroup", {
    ...inProfile,
    originGroupName: "other",
    loadBalancingSettings: {},
  });
  const origin = { originGroupName: "other", originName: "o", hostName: "origin.test" };
  await bench.make("cdn:AFDOrigin", { ...inProfile, ...origin });
  const spare = { customDomainName: "spare", hostName: "spare.local.test" };
  await bench.make("cdn:AFDCustomDomain", { ...inProfile, ...spare });
  const state = await bench.make(type, inputs);
  expect(state.id).toBe(id);
  return state;
}

/** What somebody does in the portal: reads the document, changes one member, writes it back. */
async function changeByHand(sample: DriftSample, wire: string, to: unknown): Promise<void> {
  const version = versionOf(sample);
  const { body } = await bench.cloud.arm("GET", sample.id, version);
  const { id: _id, name: _name, type: _type, etag: _etag, systemData: _systemData, ...document } = body;
  const answer = await bench.cloud.arm("PUT", sample.id, version, withMember(document, wire.split("."), to));
  expect([200, 201, 202], JSON.stringify(answer.body)).toContain(answer.status);
}

function withMember(value: Bag, [step = "", ...rest]: readonly string[], to: unknown): Bag {
  const inner = rest.length === 0 ? to : withMember(value[step] ?? {}, rest, to);
  if (!Array.isArray(value)) return { ...value, [step]: inner };
  return value.map((item, index) => (index === Number(step) ? inner : item));
}

function versionOf({ type }: DriftSample): string {
  return AZURE_TYPES.find((each) => each.token === token(type))?.apiVersion ?? "";
}

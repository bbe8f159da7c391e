import { expect, test } from "vitest";
import { armType } from "../../../src/localcloud/arm/armTypes.ts";
import type { Members, Shape } from "../../../src/localcloud/arm/shape.ts";
import { inputNames, outputNames } from "../../../src/localcloud/plugins/azureNative/azureShape.ts";
import { AZURE_TYPES, type AzureType } from "../../../src/localcloud/plugins/azureNative/azureTypeTable.ts";
import { azureBench } from "./azureBench.ts";
import { type SdkKind, type SdkMembers, sdkType } from "./azureSdkTypes.ts";

// The SDK's classes are generated from the official plugin's schema, of the same version:
// https://www.pulumi.com/registry/packages/azure-native/api-docs/

const bench = azureBench();

test.each(AZURE_TYPES)("$token: every input of ours is one of the SDK's, of the same kind", (type) => {
  const { inputs } = sdkType(type.token);
  expect(inputNames(type).filter((name) => !(name in inputs))).toEqual([]);
  const kinds = inputShapes(type).map(([name, shape]) => unlike(shape, inputs[name], name));
  expect(kinds.flat()).toEqual([]);
});

test.each(AZURE_TYPES)("$token: every other input of the SDK is refused by name", async (type) => {
  const { inputs } = sdkType(type.token);
  const others = Object.keys(inputs).filter((name) => !inputNames(type).includes(name));
  const given = Object.fromEntries(others.map((name) => [name, "x"]));
  const { failures } = await bench.client.check(type.token, { resourceGroupName: "rg", ...given });
  const refused = failures.filter(({ reason }) => reason.includes("the local cloud does not support"));
  expect(refused.map(({ property }) => property).sort()).toEqual(others.sort());
});

test.each(AZURE_TYPES)("$token: the same inputs must be there", async (type) => {
  const { required } = sdkType(type.token);
  const { failures } = await bench.client.check(type.token, {});
  const missing = failures
    .filter(({ reason }) => reason.startsWith("missing required"))
    .map(({ property }) => property);
  // A location comes from the resource group, and here there is none to ask.
  expect(missing.filter((name) => name !== "location").sort()).toEqual([...required].sort());
});

test.each(AZURE_TYPES)("$token: the same outputs, but for those of inputs that are refused", (type) => {
  const { inputs, outputs } = sdkType(type.token);
  const ours = outputNames(type);
  const refused = Object.keys(inputs).filter((name) => !inputNames(type).includes(name));
  expect(ours.filter((name) => !outputs.includes(name))).toEqual([]);
  expect(outputs.filter((name) => !ours.includes(name) && !refused.includes(name))).toEqual([]);
});

test.each(AZURE_TYPES)(
  "$token: the SDK asks for no secret outputs and no replacements of its own",
  (type) => {
    expect(sdkType(type.token).source).not.toMatch(/additionalSecretOutputs|replaceOnChanges|pulumi\.secret/);
  },
);

/** Shapes that Resource Manager has for a type's inputs, by the SDK's names. */
function inputShapes(type: AzureType): readonly (readonly [string, Shape | undefined])[] {
  const recordTypes = type.armType.includes("{recordType}") ? ["A", "CNAME", "TXT"] : [""];
  return recordTypes.flatMap((recordType) => {
    const { envelope, properties } = armType(type.armType.replace("{recordType}", recordType));
    const wireNames =
      type.properties === "nested"
        ? []
        : Object.entries(type.properties).filter(([, wire]) => memberOf(properties, wire));
    return [
      ...type.envelope.map((name) => [name, memberOf(envelope, name)] as const),
      ...wireNames.map(([name, wire]) => [name, memberOf(properties, wire)] as const),
      ...(type.properties === "nested" ? [["properties", properties] as const] : []),
    ];
  });
}

function memberOf(members: Members, name: string): Shape | undefined {
  return members[name] ?? members[`${name}!`];
}

/** Paths where our shape is of another kind than the SDK's, or isn't there at all. */
function unlike(shape: Shape | undefined, kind: SdkKind | undefined, path: string): readonly string[] {
  if (shape === "readOnly") return [];
  if (shape === undefined || kind === undefined)
    return [`${path}: ${shape === undefined ? "none of ours" : "none of the SDK's"}`];
  if (typeof shape === "string" || isWords(shape) || isRange(shape)) {
    const ours = typeof shape === "string" ? shape : isWords(shape) ? "string" : "number";
    return ours === kind ? [] : [`${path}: ${ours} of ours, ${JSON.stringify(kind)} of the SDK's`];
  }
  if (Array.isArray(shape)) {
    const [item] = Array.isArray(kind) ? (kind as readonly [SdkKind]) : [undefined];
    return unlike(shape[0] as Shape, item, `${path}[]`);
  }
  if (typeof kind === "string" || Array.isArray(kind))
    return [`${path}: members of ours, ${String(kind)} of the SDK's`];
  return Object.entries(shape as Members).flatMap(([name, member]) => {
    const plain = name.replace(/!$/, "");
    return unlike(member, (kind as SdkMembers)[plain], `${path}.${plain}`);
  });
}

function isWords(shape: Shape): boolean {
  return typeof shape === "object" && "words" in shape && Array.isArray(shape.words);
}

function isRange(shape: Shape): boolean {
  return typeof shape === "object" && "from" in shape && typeof shape.from === "number";
}

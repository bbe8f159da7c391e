import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type { Bag, PluginClient } from "../localcloud/plugins/pluginClient.ts";
import { attempt } from "./comparison.ts";

/** One property in a plugin's schema. */
interface SchemaProperty {
  /** Never said by plugins on Terraform's newer framework (random). */
  readonly willReplaceOnChanges?: boolean;
}

/** One resource type in a plugin's schema. */
interface ResourceSchema {
  readonly inputProperties?: Readonly<Record<string, SchemaProperty>>;
  readonly requiredInputs?: readonly string[];
  readonly properties?: Readonly<Record<string, SchemaProperty>>;
}

/** What an official plugin says of itself. */
export interface PluginSchema {
  readonly version?: string;
  readonly resources?: Readonly<Record<string, ResourceSchema>>;
  readonly functions?: Readonly<Record<string, unknown>>;
}

/** A value of every input that a type of ours takes, and another of each. */
export interface TypeSample {
  readonly inputs: Bag;
  readonly others: Bag;
}

/** What a type does with one input. */
interface InputFacts {
  readonly isRequired: boolean;
  readonly doesReplace: boolean;
}

/** Whether the schema says what replaces. */
export function saysReplacements({ resources = {} }: PluginSchema): boolean {
  return Object.values(resources).some(({ inputProperties = {} }) =>
    Object.values(inputProperties).some(({ willReplaceOnChanges }) => willReplaceOnChanges === true),
  );
}

/** Asks an official plugin for its schema. */
export async function readSchema(client: PluginClient): Promise<PluginSchema> {
  const response: pb.GetSchemaResponse = await client.call("getSchema", new pb.GetSchemaRequest());
  return JSON.parse(response.getSchema()) as PluginSchema;
}

/** What the schema says of the sampled inputs, in the words of {@link ourFacts}. */
export function schemaFacts(
  { inputProperties = {}, requiredInputs = [], properties = {} }: ResourceSchema,
  { inputs }: TypeSample,
  isAutoNamed: (name: string) => boolean,
): Readonly<Record<string, InputFacts | undefined>> {
  const facts = Object.keys(inputs).map((name) => {
    const property = inputProperties[name];
    if (property === undefined) return [name, undefined] as const;
    return [
      name,
      {
        isRequired: requiredInputs.includes(name) && !isAutoNamed(name),
        doesReplace: (property.willReplaceOnChanges ?? properties[name]?.willReplaceOnChanges) === true,
      },
    ] as const;
  });
  return Object.fromEntries(facts);
}

/** What our plugin does with each sampled input, by asking it. */
export async function ourFacts(
  client: PluginClient,
  type: string,
  { inputs, others }: TypeSample,
): Promise<Readonly<Record<string, InputFacts>>> {
  const facts: Record<string, InputFacts> = {};
  for (const [name, other] of Object.entries(others)) {
    const { [name]: _without, ...rest } = inputs;
    const { failures } = await client.check(type, rest);
    const state = { id: "x", inputs, outputs: inputs };
    const { changes } = await client.diff(type, state, { ...inputs, [name]: other });
    facts[name] = {
      isRequired: failures.some(({ reason }) => reason === `missing required property '${name}'`),
      doesReplace: Object.values(changes).some((kind) => String(kind).endsWith("replace")),
    };
  }
  return facts;
}

/** Inputs of the official type that a program may give ours without a word against them. */
export async function silentlyTaken(
  client: PluginClient,
  type: string,
  { inputProperties = {} }: ResourceSchema,
  { inputs }: TypeSample,
): Promise<readonly string[]> {
  const taken: string[] = [];
  for (const name of Object.keys(inputProperties).filter((each) => !(each in inputs))) {
    const { failures } = await client.check(type, { ...inputs, [name]: "x" });
    if (!failures.some(({ property }) => property === name)) taken.push(name);
  }
  return taken;
}

/** Official types and functions that ours neither has nor refuses by name. */
export async function unrefused(
  client: PluginClient,
  schema: PluginSchema,
  ours: readonly string[],
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const token of Object.keys(schema.resources ?? {}).filter((each) => !ours.includes(each))) {
    const answer = await attempt(() => client.check(token, {}));
    if (!("refused" in answer) || !answer.refused.includes(`no resource type '${token}'`)) left.push(token);
  }
  for (const token of Object.keys(schema.functions ?? {})) {
    const request = new pb.InvokeRequest().setTok(token);
    const answer = await attempt(() => client.call("invoke", request));
    if (!("refused" in answer) || !answer.refused.includes(`no function '${token}'`)) left.push(token);
  }
  return left;
}

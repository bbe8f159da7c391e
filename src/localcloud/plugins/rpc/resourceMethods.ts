import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type structPb from "google-protobuf/google/protobuf/struct_pb.js";
import { failure } from "./configMethods.ts";
import type { Connections } from "./connections.ts";
import { fillDiff } from "./diffResponse.ts";
import type { Created, Naming, Plugin, ResourceType } from "./plugin.ts";
import { decode, encode, UNKNOWN, type Value } from "./values.ts";

/** Check, Diff, Create, Read, Update and Delete: wire to `ResourceType` and back. */
export function resourceMethods<Config>(plugin: Plugin<Config>, connections: Connections<Config>) {
  return {
    check: async (request: pb.CheckRequest, peer: string) => {
      const call = {
        urn: request.getUrn(),
        olds: decode(request.getOlds()),
        news: decode(request.getNews()),
        naming: namingOf(request),
      };
      const { inputs, failures } = await typeOf(plugin, call.urn).check(connections.get(peer), call);
      const response = new providerPb.CheckResponse();
      response.setInputs(encode(inputs));
      response.setFailuresList(failures.map(failure));
      return response;
    },
    diff: async (request: pb.DiffRequest, peer: string) => {
      const diff = await typeOf(plugin, request.getUrn()).diff(connections.get(peer), diffCall(request));
      const ignored = new Set(request.getIgnorechangesList());
      return fillDiff({ ...diff, changes: diff.changes.filter(({ path }) => !ignored.has(path)) });
    },
    create: async (request: pb.CreateRequest, peer: string) => {
      const call = {
        urn: request.getUrn(),
        news: decode(request.getProperties()),
        isPreview: request.getPreview(),
      };
      const { id, outputs } = await typeOf(plugin, call.urn).create(connections.get(peer), call);
      const response = new providerPb.CreateResponse();
      response.setId(id);
      response.setProperties(encode(withId(plugin, call.isPreview ? UNKNOWN : id, outputs)));
      return response;
    },
    read: (request: pb.ReadRequest, peer: string) => read(plugin, connections.get(peer), request),
    update: async (request: pb.UpdateRequest, peer: string) => {
      const call = { ...diffCall(request), urn: request.getUrn(), isPreview: request.getPreview() };
      const outputs = await typeOf(plugin, call.urn).update(connections.get(peer), call);
      const response = new providerPb.UpdateResponse();
      response.setProperties(encode(withId(plugin, call.id, outputs)));
      return response;
    },
    delete: async (request: pb.DeleteRequest, peer: string) => {
      const olds = decode(request.getProperties());
      const call = { id: request.getId(), olds, oldInputs: oldInputsOf(request) ?? olds };
      await typeOf(plugin, request.getUrn()).delete(connections.get(peer), call);
      return new emptyPb.Empty();
    },
  };
}

async function read<Config>(
  plugin: Plugin<Config>,
  config: Config,
  request: pb.ReadRequest,
): Promise<pb.ReadResponse> {
  const found = await typeOf(plugin, request.getUrn()).read(config, {
    id: request.getId(),
    urn: request.getUrn(),
    olds: decode(request.getProperties()),
    oldInputs: request.hasInputs() && isFilled(request.getInputs()) ? decode(request.getInputs()) : undefined,
  });
  const response = new providerPb.ReadResponse();
  if (found === undefined) return response;
  response.setId(found.id);
  response.setProperties(encode(withId(plugin, found.id, found.outputs)));
  response.setInputs(encode(found.inputs));
  return response;
}

/** An update that renames says the new id among its outputs. */
function withId<Config>(plugin: Plugin<Config>, id: Value, outputs: Created["outputs"]): Created["outputs"] {
  return plugin.isBridged ? { id, ...outputs } : outputs;
}

/** The resource type of a urn. Throws for one the local cloud doesn't have, naming it. */
function typeOf<Config>(plugin: Plugin<Config>, urn: string): ResourceType<Config> {
  const token = urn.split("::")[2]?.split("$").at(-1) ?? "";
  const type = plugin.resources[token];
  if (type === undefined) throw new Error(`the local cloud has no resource type '${token}' (${urn})`);
  return type;
}

function diffCall(request: pb.DiffRequest | pb.UpdateRequest) {
  const olds = decode(request.getOlds());
  return {
    id: request.getId(),
    olds,
    oldInputs: oldInputsOf(request) ?? olds,
    news: decode(request.getNews()),
  };
}

function oldInputsOf(request: { hasOldInputs(): boolean; getOldInputs(): structPb.Struct | undefined }) {
  return request.hasOldInputs() ? decode(request.getOldInputs()) : undefined;
}

/** An import sends an empty bag or none. */
function isFilled(struct: structPb.Struct | undefined): boolean {
  return struct !== undefined && struct.getFieldsMap().getLength() > 0;
}

function namingOf(request: pb.CheckRequest): Naming {
  const base = {
    logicalName: request.getUrn().split("::").at(-1) ?? "",
    randomSeed: request.getRandomseed_asU8(),
  };
  const autonaming = request.getAutonaming();
  if (autonaming === undefined) return base;
  const modes = ["propose", "enforce", "disable"] as const;
  return {
    ...base,
    proposed: { name: autonaming.getProposedName(), mode: modes[autonaming.getMode()] ?? "propose" },
  };
}

import { type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { configMethods } from "./configMethods.ts";
import type { Connections } from "./connections.ts";
import { grpcError } from "./initFailed.ts";
import type { Plugin } from "./plugin.ts";
import { resourceMethods } from "./resourceMethods.ts";
import { decode, encode } from "./values.ts";

/** One answered request; thrown errors become the gRPC status UNKNOWN with their message. */
type Answer<Request, Response> = (request: Request, peer: string) => Promise<Response> | Response;

/** Every method of `pulumirpc.ResourceProvider` for one plugin. What isn't built is refused by name. */
export function pluginMethods<Config>(plugin: Plugin<Config>, connections: Connections<Config>): object {
  return {
    ...Object.fromEntries(REFUSED.map((name) => [name, refuse(plugin.name, name)])),
    ...mapAnswers(configMethods(plugin, connections)),
    ...mapAnswers(resourceMethods(plugin, connections)),
    ...mapAnswers({
      invoke: (request: pb.InvokeRequest, peer: string) => invoke(plugin, connections, request, peer),
      getPluginInfo: () => pluginInfo(plugin.version),
      cancel: () => new emptyPb.Empty(),
      attach: () => new emptyPb.Empty(),
      getMapping: () => new providerPb.GetMappingResponse(),
      getMappings: () => new providerPb.GetMappingsResponse(),
    }),
  };
}

const REFUSED = ["parameterize", "getSchema", "call", "construct", "list"];

function refuse(pluginName: string, method: string): object {
  const details = `${pluginName}: the local cloud's plugin does not answer '${method}'`;
  return (call: { emit?: (event: string, error: object) => void }, callback?: sendUnaryData<unknown>) => {
    const error = { code: status.UNIMPLEMENTED, details };
    if (callback === undefined) call.emit?.("error", error);
    else callback(error);
  };
}

function mapAnswers(answers: object): object {
  return Object.fromEntries(Object.entries(answers).map(([name, answer]) => [name, unary(answer)]));
}

function unary<Request, Response>(answer: Answer<Request, Response>) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
    Promise.resolve()
      .then(() => answer(call.request, call.getPeer()))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(grpcError(error)),
      );
  };
}

async function invoke<Config>(
  plugin: Plugin<Config>,
  connections: Connections<Config>,
  request: pb.InvokeRequest,
  peer: string,
): Promise<pb.InvokeResponse> {
  const answer = plugin.invokes[request.getTok()];
  if (answer === undefined) {
    throw new Error(`${plugin.name}: the local cloud's plugin has no function '${request.getTok()}'`);
  }
  const response = new providerPb.InvokeResponse();
  response.setReturn(encode(await answer(connections.get(peer), decode(request.getArgs()))));
  return response;
}

function pluginInfo(version: string): object {
  const info = new pluginPb.PluginInfo();
  info.setVersion(version);
  return info;
}

import grpc from "@grpc/grpc-js";
import pluginProto from "@pulumi/pulumi/proto/plugin_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import type structProto from "google-protobuf/google/protobuf/struct_pb.js";
import * as calls from "./calls.ts";
import type { Connection } from "./connection.ts";
import { messageOf } from "./failure.ts";
import { callFunction } from "./functions.ts";
import { diffAnswer, failureList } from "./protocol/answers.ts";
import { differences } from "./protocol/difference.ts";
import { configFailures, parseConfig } from "./protocol/providerConfig.ts";
import { decode, encode, type Properties } from "./protocol/wire.ts";
import { providerSchema, VERSION } from "./schema.ts";

/** The connection a call came over; made on its first call. */
export type ConnectionOf = (peer: string) => Connection;

/** The methods of `pulumirpc.ResourceProvider` that this provider has; gRPC answers UNIMPLEMENTED for the rest. */
export function providerService(connectionOf: ConnectionOf): grpc.UntypedServiceImplementation {
  return { ...lifecycleMethods(connectionOf), ...resourceMethods(connectionOf) };
}

function lifecycleMethods(connectionOf: ConnectionOf): grpc.UntypedServiceImplementation {
  return {
    handshake: unary((request: providerProto.ProviderHandshakeRequest, peer) => {
      const connection = connectionOf(peer);
      connection.attach(request.getEngineAddress());
      connection.doesInvokeSayPreview = request.getInvokeWithPreview();
      return new providerProto.ProviderHandshakeResponse().setAcceptSecrets(true);
    }),
    attach: unary((request: pluginProto.PluginAttach, peer) => {
      connectionOf(peer).attach(request.getAddress());
      return new emptyProto.Empty();
    }),
    getPluginInfo: unary(() => new pluginProto.PluginInfo().setVersion(VERSION)),
    getSchema: unary(() => new providerProto.GetSchemaResponse().setSchema(JSON.stringify(providerSchema()))),
    checkConfig: unary((request: providerProto.CheckRequest) => {
      const answer = new providerProto.CheckResponse();
      answer.setInputs(request.getNews());
      return answer.setFailuresList(failureList(configFailures(plain(request.getNews()))));
    }),
    // A changed address or name never replaces the provider, which would replace every resource.
    diffConfig: unary((request: providerProto.DiffRequest) =>
      diffAnswer(differences(plain(request.getOldInputs() ?? request.getOlds()), plain(request.getNews()))),
    ),
    configure: unary((request: providerProto.ConfigureRequest, peer) => {
      connectionOf(peer).configure(parseConfig(plain(request.getArgs())));
      return new providerProto.ConfigureResponse().setAcceptsecrets(true).setSupportspreview(true);
    }),
    cancel: unary((_: emptyProto.Empty, peer) => {
      connectionOf(peer).cancel();
      return new emptyProto.Empty();
    }),
    invoke: unary(async (request: providerProto.InvokeRequest, peer) => {
      const outputs = await callFunction(
        request.getTok(),
        plain(request.getArgs()),
        connectionOf(peer),
        request.getPreview(),
      );
      return new providerProto.InvokeResponse().setReturn(encode(outputs));
    }),
  };
}

function resourceMethods(connectionOf: ConnectionOf): grpc.UntypedServiceImplementation {
  const callOf = (urn: string, peer: string): calls.ResourceCall => ({
    type: calls.typeOfUrn(urn),
    urn,
    connection: connectionOf(peer),
  });
  return {
    check: unary((request: providerProto.CheckRequest) => {
      const type = calls.typeOfUrn(request.getUrn());
      const refusals = calls.checkInputs(type, plain(request.getNews()), plain(request.getOlds()));
      const news = decode(request.getNews());
      const secretKeys = new Set([...news.secretKeys, ...(type.secretInputs ?? [])]);
      const answer = new providerProto.CheckResponse();
      answer.setInputs(encode(news.properties, secretKeys));
      return answer.setFailuresList(failureList(refusals));
    }),
    diff: unary((request: providerProto.DiffRequest) => {
      const type = calls.typeOfUrn(request.getUrn());
      const ignored = request.getIgnorechangesList();
      const olds = plain(request.getOldInputs() ?? request.getOlds());
      const found = calls.diffInputs(type, olds, plain(request.getNews()));
      return diffAnswer(found.filter(({ path }) => !ignored.includes(path)));
    }),
    create: unary(async (request: providerProto.CreateRequest, peer) => {
      const call = callOf(request.getUrn(), peer);
      const { id, outputs } = await calls.create(call, plain(request.getProperties()), request.getPreview());
      return new providerProto.CreateResponse().setId(id).setProperties(encode(outputs));
    }),
    update: unary(async (request: providerProto.UpdateRequest, peer) => {
      const known = {
        id: request.getId(),
        inputs: plain(request.getOldInputs() ?? request.getOlds()),
        outputs: plain(request.getOlds()),
      };
      const call = callOf(request.getUrn(), peer);
      const outputs = await calls.update(call, known, plain(request.getNews()), request.getPreview());
      return new providerProto.UpdateResponse().setProperties(encode(outputs));
    }),
    read: unary((request: providerProto.ReadRequest, peer) =>
      readResource(callOf(request.getUrn(), peer), request),
    ),
    delete: unary(async (request: providerProto.DeleteRequest, peer) => {
      const outputs = plain(request.getProperties());
      const inputs = request.hasOldInputs() ? plain(request.getOldInputs()) : outputs;
      await calls.remove(callOf(request.getUrn(), peer), { id: request.getId(), inputs, outputs });
      return new emptyProto.Empty();
    }),
  };
}

async function readResource(
  call: calls.ResourceCall,
  request: providerProto.ReadRequest,
): Promise<providerProto.ReadResponse> {
  const inputs = decode(request.getInputs());
  const known = { id: request.getId(), inputs: inputs.properties, outputs: plain(request.getProperties()) };
  const found = await calls.read(call, known);
  const answer = new providerProto.ReadResponse();
  if (found === undefined) return answer;
  const secretKeys = new Set([...inputs.secretKeys, ...(call.type.secretInputs ?? [])]);
  answer.setId(request.getId());
  answer.setInputs(encode(found.inputs, secretKeys));
  return answer.setProperties(encode(found.outputs));
}

function plain(struct: structProto.Struct | undefined): Properties {
  return decode(struct).properties;
}

/** One gRPC method; every failure becomes status UNKNOWN, the one Pulumi takes for "the operation failed". */
function unary<Req, Res>(
  handle: (request: Req, peer: string) => Res | Promise<Res>,
): grpc.handleUnaryCall<Req, Res> {
  return (call, callback) => {
    const answer = async () => handle(call.request, call.getPeer());
    answer().then(
      (response) => callback(null, response),
      (error: unknown) => callback({ code: grpc.status.UNKNOWN, details: messageOf(error) }, null),
    );
  };
}

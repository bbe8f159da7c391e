import grpc from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import emptyProto from "google-protobuf/google/protobuf/empty_pb.js";
import { decode, encode, type Properties } from "../../src/provider/protocol/wire.ts";
import type { ProviderConfig } from "../../src/tenant/resources.ts";

/** What a create left in state. */
export interface State {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
}

/** One provider instance as an engine uses it: a connection of its own, real gRPC. */
export interface TestEngine {
  configure(config: ProviderConfig): Promise<void>;
  check(type: string, news: Properties, olds?: Properties): Promise<readonly string[]>;
  /** Changed property paths. */
  diff(type: string, olds: Properties, news: Properties): Promise<readonly string[]>;
  preview(type: string, inputs: Properties): Promise<Properties>;
  previewUpdate(type: string, state: State, news: Properties): Promise<Properties>;
  create(type: string, inputs: Properties): Promise<State>;
  update(type: string, state: State, news: Properties): Promise<State>;
  /** Undefined when the provider says that it is gone. */
  read(type: string, state: State): Promise<State | undefined>;
  delete(type: string, state: State): Promise<void>;
  invoke(token: string, args: Properties, isPreview?: boolean): Promise<Properties>;
  readonly client: providerGrpc.ResourceProviderClient;
  close(): void;
}

/** Connects to a served provider. */
export function connectEngine(port: number): TestEngine {
  const client = new providerGrpc.ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
    {
      // As in an engine: a connection of its own for each instance.
      "grpc.use_local_subchannel_pool": 1,
    },
  );
  return {
    ...configuration(client),
    ...reading(client),
    ...writing(client),
    client,
    close: () => client.close(),
  };
}

export function urnOf(type: string): string {
  return `urn:pulumi:local.acme::tenantry::tenantry:index:${type}::test`;
}

function configuration(client: providerGrpc.ResourceProviderClient) {
  return {
    configure: async (config: ProviderConfig) => {
      const request = new providerProto.ConfigureRequest();
      request.setArgs(encode({ ...config }));
      request.setAcceptsecrets(true);
      await call((done) => client.configure(request, done));
    },
    check: async (type: string, news: Properties, olds: Properties = {}) => {
      const request = new providerProto.CheckRequest();
      request.setUrn(urnOf(type)).setNews(encode(news)).setOlds(encode(olds));
      const answer = await call<providerProto.CheckResponse>((done) => client.check(request, done));
      return answer.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
    },
    diff: async (type: string, olds: Properties, news: Properties) => {
      const request = new providerProto.DiffRequest();
      request.setUrn(urnOf(type)).setOldInputs(encode(olds)).setOlds(encode(olds)).setNews(encode(news));
      const answer = await call<providerProto.DiffResponse>((done) => client.diff(request, done));
      if (answer.getReplacesList().length > 0) throw new Error("a diff said replace");
      return [...answer.getDetaileddiffMap().keys()];
    },
    invoke: async (token: string, args: Properties, isPreview = false) => {
      const request = new providerProto.InvokeRequest();
      request.setTok(token).setArgs(encode(args)).setPreview(isPreview);
      const answer = await call<providerProto.InvokeResponse>((done) => client.invoke(request, done));
      return decode(answer.getReturn()).properties;
    },
  };
}

function reading(client: providerGrpc.ResourceProviderClient) {
  return {
    preview: async (type: string, inputs: Properties) => (await create(client, type, inputs, true)).outputs,
    previewUpdate: async (type: string, state: State, news: Properties) =>
      (await update(client, type, state, news, true)).outputs,
    read: async (type: string, state: State) => {
      const request = new providerProto.ReadRequest();
      request.setUrn(urnOf(type)).setId(state.id);
      request.setInputs(encode(state.inputs)).setProperties(encode(state.outputs));
      const answer = await call<providerProto.ReadResponse>((done) => client.read(request, done));
      if (answer.getId() === "") return undefined;
      return {
        id: answer.getId(),
        inputs: decode(answer.getInputs()).properties,
        outputs: decode(answer.getProperties()).properties,
      };
    },
  };
}

function writing(client: providerGrpc.ResourceProviderClient) {
  return {
    create: (type: string, inputs: Properties) => create(client, type, inputs, false),
    update: (type: string, state: State, news: Properties) => update(client, type, state, news, false),
    delete: async (type: string, state: State) => {
      const request = new providerProto.DeleteRequest();
      request.setUrn(urnOf(type)).setId(state.id);
      request.setOldInputs(encode(state.inputs)).setProperties(encode(state.outputs));
      await call<emptyProto.Empty>((done) => client.delete(request, done));
    },
  };
}

async function create(
  client: providerGrpc.ResourceProviderClient,
  type: string,
  inputs: Properties,
  isPreview: boolean,
): Promise<State> {
  const request = new providerProto.CreateRequest();
  request.setUrn(urnOf(type)).setProperties(encode(inputs)).setPreview(isPreview);
  const answer = await call<providerProto.CreateResponse>((done) => client.create(request, done));
  return { id: answer.getId(), inputs, outputs: decode(answer.getProperties()).properties };
}

async function update(
  client: providerGrpc.ResourceProviderClient,
  type: string,
  state: State,
  news: Properties,
  isPreview: boolean,
): Promise<State> {
  const request = new providerProto.UpdateRequest();
  request.setUrn(urnOf(type)).setId(state.id).setPreview(isPreview);
  request.setOldInputs(encode(state.inputs)).setOlds(encode(state.outputs)).setNews(encode(news));
  const answer = await call<providerProto.UpdateResponse>((done) => client.update(request, done));
  return { id: state.id, inputs: news, outputs: decode(answer.getProperties()).properties };
}

/** Rejects with the text that an engine would show. */
function call<T>(start: (done: (error: grpc.ServiceError | null, answer: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, answer) => {
      if (error === null) resolve(answer);
      else reject(new Error(error.details));
    });
  });
}

export { emptyProto };

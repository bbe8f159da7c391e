import { credentials, type ServiceError } from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";

/** What goes over the wire, as plain JSON. */
// biome-ignore lint/suspicious/noExplicitAny: property bags of many shapes, compared whole
export type Bag = Record<string, any>;

export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
export const secret = (value: unknown): Bag => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

export const urnOf = (type: string, name = "x"): string => `urn:pulumi:test::project::${type}::${name}`;

/** As Pulumi's engine; azure-native's schema alone is far over gRPC's own 4 MB. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** An engine's side of the protocol, on a connection of its own. */
export class PluginClient {
  readonly #client: InstanceType<typeof providerGrpc.ResourceProviderClient>;

  constructor(port: number) {
    const options = {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    };
    this.#client = new providerGrpc.ResourceProviderClient(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
      options,
    );
  }

  close(): void {
    this.#client.close();
  }

  // biome-ignore lint/suspicious/noExplicitAny: every method of the protocol
  call(method: string, request: any): Promise<any> {
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, response: unknown) =>
        error === null ? resolve(response) : reject(explain(error));
      // biome-ignore lint/suspicious/noExplicitAny: methods by name
      (this.#client as any)[method](request, done);
    });
  }

  /** As the engine does: settings as arguments, and by their full names (`random:config:…`) for older plugins. */
  configure(args: Bag, pluginName = ""): Promise<pb.ConfigureResponse> {
    const request = new pb.ConfigureRequest();
    request.setArgs(struct(args));
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    if (pluginName !== "") {
      for (const [name, value] of Object.entries(args))
        request.getVariablesMap().set(`${pluginName}:config:${name}`, String(value));
    }
    return this.call("configure", request);
  }

  async checkConfig(args: Bag): Promise<readonly pb.CheckFailure.AsObject[]> {
    const request = new pb.CheckRequest();
    request.setNews(struct(args));
    const response: pb.CheckResponse = await this.call("checkConfig", request);
    return response.getFailuresList().map((failure) => failure.toObject());
  }

  async check(
    type: string,
    news: Bag,
    olds: Bag = {},
  ): Promise<{ inputs: Bag; failures: pb.CheckFailure.AsObject[] }> {
    const request = new pb.CheckRequest();
    request.setUrn(urnOf(type));
    request.setNews(struct(news));
    request.setOlds(struct(olds));
    request.setRandomseed(new Uint8Array(32).fill(7));
    const response: pb.CheckResponse = await this.call("check", request);
    return {
      inputs: bag(response.getInputs()),
      failures: response.getFailuresList().map((failure) => failure.toObject()),
    };
  }

  /** Changed leaves with `replace` where they replace. */
  async diff(
    type: string,
    state: State,
    news: Bag,
  ): Promise<{ readonly changes: Bag; readonly deleteBeforeReplace: boolean }> {
    const { leaves: changes, deleteBeforeReplace } = await this.plan(type, state, news);
    return { changes, deleteBeforeReplace };
  }

  /** Everything that a diff answers; `leaves` are empty for plugins that answer names alone. */
  async plan(type: string, state: State, news: Bag): Promise<Plan> {
    const request = new pb.DiffRequest();
    request.setUrn(urnOf(type));
    request.setId(state.id);
    request.setOlds(struct(state.outputs));
    request.setOldInputs(struct(state.inputs));
    request.setNews(struct(news));
    const response: pb.DiffResponse = await this.call("diff", request);
    const kinds = ["add", "add replace", "delete", "delete replace", "update", "update replace"];
    const leaves = [...response.getDetaileddiffMap().entries()].map(([path, diff]) => [
      path,
      kinds[(diff as pb.PropertyDiff).getKind()],
    ]);
    return {
      isChanged: response.getChanges() === pb.DiffResponse.DiffChanges.DIFF_SOME,
      diffs: [...new Set(response.getDiffsList())].sort(),
      replaces: [...new Set(response.getReplacesList())].sort(),
      leaves: Object.fromEntries(leaves),
      deleteBeforeReplace: response.getDeletebeforereplace(),
    };
  }

  async create(type: string, inputs: Bag, isPreview = false): Promise<State> {
    const request = new pb.CreateRequest();
    request.setUrn(urnOf(type));
    request.setProperties(struct(inputs));
    request.setPreview(isPreview);
    const response: pb.CreateResponse = await this.call("create", request);
    return { id: response.getId(), inputs, outputs: bag(response.getProperties()) };
  }

  /** Check, then create. Throws when an input is refused. */
  async make(type: string, news: Bag): Promise<State> {
    const { inputs, failures } = await this.check(type, news);
    if (failures.length > 0) throw new Error(JSON.stringify(failures));
    return this.create(type, inputs);
  }

  /** Undefined when it is gone. Without state an import. */
  async read(type: string, id: string, state?: Omit<State, "id">): Promise<State | undefined> {
    const request = new pb.ReadRequest();
    request.setUrn(urnOf(type));
    request.setId(id);
    request.setProperties(struct(state?.outputs ?? {}));
    if (state !== undefined) request.setInputs(struct(state.inputs));
    const response: pb.ReadResponse = await this.call("read", request);
    if (response.getId() === "") return undefined;
    return {
      id: response.getId(),
      inputs: bag(response.getInputs()),
      outputs: bag(response.getProperties()),
    };
  }

  async update(type: string, state: State, news: Bag, isPreview = false): Promise<State> {
    const request = new pb.UpdateRequest();
    request.setUrn(urnOf(type));
    request.setId(state.id);
    request.setOlds(struct(state.outputs));
    request.setOldInputs(struct(state.inputs));
    request.setNews(struct(news));
    request.setPreview(isPreview);
    const response: pb.UpdateResponse = await this.call("update", request);
    return { id: state.id, inputs: news, outputs: bag(response.getProperties()) };
  }

  async delete(type: string, state: State): Promise<void> {
    const request = new pb.DeleteRequest();
    request.setUrn(urnOf(type));
    request.setId(state.id);
    request.setProperties(struct(state.outputs));
    request.setOldInputs(struct(state.inputs));
    await this.call("delete", request);
  }
}

/** A diff: names of what changes and of what replaces, sorted, and each leaf with its kind where the plugin says so. */
export interface Plan {
  readonly isChanged: boolean;
  readonly diffs: readonly string[];
  readonly replaces: readonly string[];
  readonly leaves: Bag;
  readonly deleteBeforeReplace: boolean;
}

/** A resource as the engine keeps it. */
export interface State {
  readonly id: string;
  readonly inputs: Bag;
  readonly outputs: Bag;
}

/** An error after which the resource is there. */
export interface InitFailure extends Error {
  readonly made: State;
}

function explain({ details, metadata }: ServiceError): Error {
  const [bytes] = metadata.get("grpc-status-details-bin");
  if (!(bytes instanceof Buffer)) return new Error(details);
  const [any] = statusPb.Status.deserializeBinary(bytes).getDetailsList();
  const failure = any?.unpack(
    pb.ErrorResourceInitFailed.deserializeBinary,
    "pulumirpc.ErrorResourceInitFailed",
  );
  const made = {
    id: failure?.getId(),
    inputs: bag(failure?.getInputs()),
    outputs: bag(failure?.getProperties()),
  };
  return Object.assign(new Error(failure?.getReasonsList().join()), { made });
}

function struct(values: Bag): structPb.Struct {
  return structPb.Struct.fromJavaScript(values);
}

/** Members that are null, or a secret null, are left out: to an engine they aren't there. */
function bag(message: structPb.Struct | undefined): Bag {
  return withoutNulls(message?.toJavaScript() ?? {}) as Bag;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const isNull = (member: unknown) =>
    member === null || JSON.stringify(member) === JSON.stringify(secret(null));
  const kept = Object.entries(value).filter(([, member]) => !isNull(member));
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNulls(member)]));
}

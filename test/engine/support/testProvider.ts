import * as grpc from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import structPb from "google-protobuf/google/protobuf/struct_pb.js";

/** A failure that is no answer: the connection breaks while the provider works. */
export const CUT_OFF = "Connection dropped";

export type Json = Record<string, structPb.JavaScriptValue>;

/** One call the provider got, as the test compares it. */
export interface Call {
  readonly method: string;
  readonly name: string;
  readonly inputs?: Json;
  readonly [key: string]: unknown;
}

/**
 * A real provider over gRPC whose world is a map. Inputs steer it: `fail*` answers an error, `init` a
 * partial failure, `key` replaces when it changes, `dbr` asks to delete first, `slowMs` waits.
 */
export class TestProvider {
  readonly world = new Map<string, Json>();
  readonly calls: Call[] = [];
  /** Errors by `<method>:<name>`. */
  readonly failures = new Map<string, string>();
  /** Runs inside a call, before it takes effect. */
  hook: ((method: string, name: string) => Promise<void> | void) | undefined;
  /** Runs inside a call, after it took effect and before it is answered. */
  afterEffect: ((method: string, name: string) => Promise<void> | void) | undefined;
  acceptSecrets = true;
  hasHandshake = false;
  version = "1.2.3";
  /** Ids count the creates of a name and not all, so that they don't depend on the order of a program's resources. */
  countsByName = false;
  readonly configs: { peer: string; args: Json }[] = [];
  #server: grpc.Server | undefined;
  readonly #counts = new Map<string, number>();
  port = 0;

  async start(): Promise<number> {
    this.#server = new grpc.Server();
    this.#server.addService(providerGrpc.ResourceProviderService, this.#handlers());
    this.port = await new Promise<number>((resolve, reject) =>
      this.#server?.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    return this.port;
  }

  stop(): void {
    this.#server?.forceShutdown();
  }

  reset(): void {
    this.calls.length = 0;
    this.failures.clear();
    this.configs.length = 0;
    this.hook = undefined;
    this.afterEffect = undefined;
  }

  /** `method name` of every call that changes or reads the world. */
  get log(): readonly string[] {
    return this.calls
      .filter(({ method }) => ["create", "update", "delete", "read"].includes(method))
      .map(({ method, name }) => `${method} ${name}`);
  }

  #handlers(): grpc.UntypedServiceImplementation {
    return {
      getPluginInfo: this.#unary("getPluginInfo", async () =>
        new pluginPb.PluginInfo().setVersion(this.version),
      ),
      handshake: this.hasHandshake
        ? this.#unary("handshake", async () =>
            new providerPb.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true),
          )
        : unimplemented,
      attach: this.#unary("attach", async () => new emptyPb.Empty()),
      cancel: this.#unary("cancel", async () => new emptyPb.Empty()),
      checkConfig: this.#unary("checkConfig", async (request: providerPb.CheckRequest) =>
        new providerPb.CheckResponse().setInputs(request.getNews()),
      ),
      diffConfig: this.#unary("diffConfig", async (request: providerPb.DiffRequest) => diffConfig(request)),
      configure: this.#unary("configure", async (request: providerPb.ConfigureRequest, peer: string) => {
        this.configs.push({ peer, args: toJson(request.getArgs()) });
        const response = new providerPb.ConfigureResponse();
        return response
          .setAcceptsecrets(this.acceptSecrets)
          .setAcceptresources(true)
          .setSupportspreview(true);
      }),
      check: this.#unary("check", async (request: providerPb.CheckRequest) => check(request)),
      diff: this.#unary("diff", async (request: providerPb.DiffRequest) => diff(request)),
      create: this.#unary("create", (request: providerPb.CreateRequest) => this.#create(request)),
      read: this.#unary("read", (request: providerPb.ReadRequest) => this.#read(request)),
      update: this.#unary("update", (request: providerPb.UpdateRequest) => this.#update(request)),
      delete: this.#unary("delete", async (request: providerPb.DeleteRequest) => {
        this.world.delete(request.getId());
        return new emptyPb.Empty();
      }),
      invoke: this.#unary("invoke", async (request: providerPb.InvokeRequest) => {
        const args = toJson(request.getArgs());
        return new providerPb.InvokeResponse().setReturn(struct({ echo: args.value ?? null }));
      }),
    };
  }

  async #create(request: providerPb.CreateRequest): Promise<providerPb.CreateResponse> {
    const inputs = toJson(request.getProperties());
    const outputs: Json = { ...inputs, made: `made ${request.getName()}` };
    const response = new providerPb.CreateResponse();
    if (request.getPreview()) return response.setProperties(struct(inputs));
    const counter = this.countsByName ? request.getName() : "";
    const count = (this.#counts.get(counter) ?? 0) + 1;
    this.#counts.set(counter, count);
    const id = `${request.getName()}-${count}`;
    this.world.set(id, inputs);
    if (inputs.init !== undefined) throw initFailed(id, outputs, String(inputs.init));
    return response.setId(id).setProperties(struct(outputs));
  }

  async #read(request: providerPb.ReadRequest): Promise<providerPb.ReadResponse> {
    const inputs = this.world.get(request.getId());
    const response = new providerPb.ReadResponse();
    if (inputs === undefined) return response;
    const outputs = { ...inputs, made: `made ${request.getName()}` };
    return response.setId(request.getId()).setInputs(struct(inputs)).setProperties(struct(outputs));
  }

  async #update(request: providerPb.UpdateRequest): Promise<providerPb.UpdateResponse> {
    const inputs = toJson(request.getNews());
    const outputs = { ...inputs, made: `made ${request.getName()}` };
    if (!request.getPreview()) this.world.set(request.getId(), inputs);
    return new providerPb.UpdateResponse().setProperties(struct(outputs));
  }

  #unary<Request, Reply>(
    method: string,
    serve: (request: Request, peer: string) => Promise<Reply>,
  ): grpc.UntypedHandleCall {
    return (call: grpc.ServerUnaryCall<Request, Reply>, callback: grpc.sendUnaryData<Reply>): void => {
      const name = nameOf(call.request);
      this.calls.push({ ...describe(method, name, call.request), peer: call.getPeer() });
      const answer = async (): Promise<Reply> => {
        await this.hook?.(method, name);
        const failure = this.failures.get(`${method}:${name}`);
        if (failure === CUT_OFF) throw Object.assign(new Error(CUT_OFF), { code: grpc.status.UNAVAILABLE });
        if (failure !== undefined) throw new Error(failure);
        const reply = await serve(call.request, call.getPeer());
        await this.afterEffect?.(method, name);
        return reply;
      };
      answer().then(
        (reply) => callback(null, reply),
        (error: Error & { metadata?: grpc.Metadata; code?: grpc.status }) => {
          const { metadata, code = grpc.status.UNKNOWN } = error;
          callback({ code, details: error.message, ...(metadata ? { metadata } : {}) });
        },
      );
    };
  }
}

function nameOf(request: unknown): string {
  const { getName } = request as { getName?: () => string };
  return typeof getName === "function" ? getName.call(request) : "";
}

function describe(method: string, name: string, request: unknown): Call {
  if (request instanceof providerPb.CreateRequest) {
    const timeout = request.getTimeout();
    return { method, name, inputs: toJson(request.getProperties()), preview: request.getPreview(), timeout };
  }
  if (request instanceof providerPb.UpdateRequest) {
    return {
      method,
      name,
      id: request.getId(),
      inputs: toJson(request.getNews()),
      preview: request.getPreview(),
    };
  }
  if (request instanceof providerPb.DeleteRequest) return { method, name, id: request.getId() };
  if (request instanceof providerPb.ReadRequest) return { method, name, id: request.getId() };
  if (request instanceof providerPb.CheckRequest) {
    return { method, name, inputs: toJson(request.getNews()), olds: toJson(request.getOlds()) };
  }
  return { method, name };
}

const unimplemented: grpc.UntypedHandleCall = (
  _call: unknown,
  callback: (error: Partial<grpc.StatusObject>) => void,
): void => callback({ code: grpc.status.UNIMPLEMENTED, details: "not implemented" });

export function toJson(value: structPb.Struct | undefined): Json {
  return value?.toJavaScript() ?? {};
}

function struct(value: Json): structPb.Struct {
  return structPb.Struct.fromJavaScript(value);
}

function check(request: providerPb.CheckRequest): providerPb.CheckResponse {
  const news = toJson(request.getNews());
  const response = new providerPb.CheckResponse().setInputs(struct(news));
  const refused = news.refuse;
  if (refused === undefined) return response;
  return response.setFailuresList([
    new providerPb.CheckFailure().setProperty("refuse").setReason(String(refused)),
  ]);
}

const keysThatReplace = ["key", "dbr"];

function diff(request: providerPb.DiffRequest): providerPb.DiffResponse {
  const [olds, news] = [toJson(request.getOldInputs()), toJson(request.getNews())];
  const ignored = new Set(request.getIgnorechangesList());
  const keys = [...new Set([...Object.keys(olds), ...Object.keys(news)])];
  const changed = keys.filter(
    (key) => JSON.stringify(olds[key]) !== JSON.stringify(news[key]) && !ignored.has(key),
  );
  const { DIFF_NONE, DIFF_SOME } = providerPb.DiffResponse.DiffChanges;
  const response = new providerPb.DiffResponse().setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(changed).setReplacesList(changed.filter((key) => keysThatReplace.includes(key)));
  return response.setDeletebeforereplace(changed.includes("dbr"));
}

function diffConfig(request: providerPb.DiffRequest): providerPb.DiffResponse {
  const response = diff(request);
  return response.setReplacesList(response.getDiffsList().filter((key) => key === "key"));
}

function initFailed(id: string, outputs: Json, reason: string): Error {
  const detail = new providerPb.ErrorResourceInitFailed();
  detail.setId(id).setProperties(struct(outputs)).setReasonsList([reason]);
  const any = new anyPb.Any();
  any.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusPb.Status();
  status.setCode(grpc.status.UNKNOWN).setMessage("resource failed to initialize").setDetailsList([any]);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return Object.assign(new Error("resource failed to initialize"), { metadata });
}

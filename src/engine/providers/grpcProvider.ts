import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { nameOfUrn, typeOfUrn } from "../urn.ts";
import { annotateSecrets, containsSecrets, containsUnknowns, type PropertyMap, Secret } from "../value.ts";
import { fromOptionalStruct, fromStruct, toStruct } from "../wire.ts";
import { callUnary, initFailureOf, isUnimplemented, providerError } from "./call.ts";
import { configVariables } from "./configVariables.ts";
import { diffOf } from "./diffResponse.ts";
import {
  type CheckRequest,
  type CheckResponse,
  type CreateRequest,
  type CreateResponse,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type InvokeRequest,
  type InvokeResponse,
  NO_DIFF,
  type Provider,
  type ReadRequest,
  type ReadResponse,
  type UpdateRequest,
  type UpdateResponse,
} from "./provider.ts";

/** What a plugin said it understands. */
export interface Protocol {
  readonly acceptSecrets: boolean;
  readonly acceptResources: boolean;
  readonly supportsPreview: boolean;
}

const PLAIN: Protocol = { acceptSecrets: false, acceptResources: false, supportsPreview: false };

/** A plugin's connection; each provider instance has its own. */
export class GrpcProvider implements Provider {
  readonly #client: ResourceProviderClient;
  readonly #onClose: () => void;
  #protocol: Protocol | undefined;
  /** False in a preview whose provider config isn't known yet: then no call reaches the plugin. */
  #isConfigKnown = true;

  /** `protocol` is what a handshake agreed on, else Configure's answer counts. */
  constructor(client: ResourceProviderClient, protocol: Protocol | undefined, onClose: () => void) {
    this.#client = client;
    this.#protocol = protocol;
    this.#onClose = onClose;
  }

  async checkConfig({ urn, olds, news }: CheckRequest): Promise<CheckResponse> {
    const wire = { keepSecrets: false, keepResources: false, keepUnknowns: true };
    const request = new providerPb.CheckRequest();
    request.setUrn(urn).setName(nameOfUrn(urn)).setType(typeOfUrn(urn));
    request.setOlds(toStruct(olds, wire)).setNews(toStruct(news, wire));
    try {
      const reply = await callUnary<providerPb.CheckResponse>((done) =>
        this.#client.checkConfig(request, done),
      );
      return checkReply(reply, news, true);
    } catch (error) {
      if (isUnimplemented(error)) return { inputs: news, failures: [] };
      throw providerError(error);
    }
  }

  async diffConfig(diff: DiffRequest): Promise<DiffResult> {
    const request = diffRequest(diff, { keepSecrets: false, keepResources: false, keepUnknowns: true });
    try {
      return diffOf(
        await callUnary<providerPb.DiffResponse>((done) => this.#client.diffConfig(request, done)),
      );
    } catch (error) {
      if (isUnimplemented(error)) return { ...NO_DIFF, changes: "unknown" };
      throw providerError(error);
    }
  }

  async configure(urn: string, id: string, inputs: PropertyMap): Promise<void> {
    this.#isConfigKnown = !containsUnknowns(inputs);
    if (!this.#isConfigKnown) return;
    const request = new providerPb.ConfigureRequest();
    request.setUrn(urn).setId(id).setName(nameOfUrn(urn)).setType(typeOfUrn(urn));
    request.setAcceptsecrets(true).setAcceptresources(true);
    request.setSendsOldInputs(true).setSendsOldInputsToDelete(true);
    for (const [name, value] of configVariables(urn, inputs)) request.getVariablesMap().set(name, value);
    request.setArgs(toStruct(inputs, { keepSecrets: true, keepResources: true, keepUnknowns: true }));
    const reply = await this.#call<providerPb.ConfigureResponse>((done) =>
      this.#client.configure(request, done),
    );
    this.#protocol ??= {
      acceptSecrets: reply.getAcceptsecrets(),
      acceptResources: reply.getAcceptresources(),
      supportsPreview: reply.getSupportspreview(),
    };
  }

  async check({ urn, olds, news, preview }: CheckRequest): Promise<CheckResponse> {
    if (!this.#isConfigKnown) return { inputs: news, failures: [] };
    const request = new providerPb.CheckRequest();
    request.setUrn(urn).setName(nameOfUrn(urn)).setType(typeOfUrn(urn));
    request.setOlds(this.#struct(olds, preview)).setNews(this.#struct(news, preview));
    request.setRandomseed(crypto.getRandomValues(new Uint8Array(32)));
    const reply = await this.#call<providerPb.CheckResponse>((done) => this.#client.check(request, done));
    return checkReply(reply, news, !this.#agreed.acceptSecrets);
  }

  async diff(diff: DiffRequest): Promise<DiffResult> {
    if (!this.#isConfigKnown) return { ...NO_DIFF, changes: "some" };
    const request = diffRequest(diff, { ...this.#wire(diff.preview) });
    return diffOf(await this.#call<providerPb.DiffResponse>((done) => this.#client.diff(request, done)));
  }

  async create({ urn, inputs, timeoutSeconds, preview }: CreateRequest): Promise<CreateResponse> {
    if (preview && !this.#isConfigKnown) return { id: "", outputs: {}, initErrors: [] };
    if (preview && !this.#agreed.supportsPreview) return { id: "", outputs: inputs, initErrors: [] };
    const request = new providerPb.CreateRequest();
    request.setUrn(urn).setName(nameOfUrn(urn)).setType(typeOfUrn(urn));
    request.setProperties(this.#struct(inputs, preview)).setTimeout(timeoutSeconds).setPreview(preview);
    const partial = await this.#outcome<providerPb.CreateResponse>((done) =>
      this.#client.create(request, done),
    );
    const id = partial.reply?.getId() ?? partial.failure?.id ?? "";
    if (id === "" && !preview) throw new Error(`the provider answered no ID when it created '${urn}'`);
    const outputs =
      partial.reply === undefined ? partial.failure.outputs : fromStruct(partial.reply.getProperties());
    return { id, outputs: this.#marked(outputs, inputs), initErrors: partial.failure?.reasons ?? [] };
  }

  async update(update: UpdateRequest): Promise<UpdateResponse> {
    const { urn, preview, newInputs } = update;
    if (preview && !this.#isConfigKnown) return { outputs: {}, initErrors: [] };
    if (preview && !this.#agreed.supportsPreview) return { outputs: newInputs, initErrors: [] };
    const request = new providerPb.UpdateRequest();
    request.setId(update.id).setUrn(urn).setName(nameOfUrn(urn)).setType(typeOfUrn(urn));
    request
      .setOlds(this.#struct(update.oldOutputs, preview))
      .setOldInputs(this.#struct(update.oldInputs, preview));
    request.setNews(this.#struct(newInputs, preview)).setTimeout(update.timeoutSeconds).setPreview(preview);
    request.setIgnorechangesList([...update.ignoreChanges]);
    const partial = await this.#outcome<providerPb.UpdateResponse>((done) =>
      this.#client.update(request, done),
    );
    const outputs =
      partial.reply === undefined ? partial.failure.outputs : fromStruct(partial.reply.getProperties());
    return { outputs: this.#marked(outputs, newInputs), initErrors: partial.failure?.reasons ?? [] };
  }

  async delete({ urn, id, inputs, outputs, timeoutSeconds }: DeleteRequest): Promise<void> {
    const request = new providerPb.DeleteRequest();
    request.setId(id).setUrn(urn).setName(nameOfUrn(urn)).setType(typeOfUrn(urn)).setTimeout(timeoutSeconds);
    request.setProperties(this.#struct(outputs, false)).setOldInputs(this.#struct(inputs, false));
    await this.#call((done) => this.#client.delete(request, done));
  }

  async read({ urn, id, inputs, outputs, timeoutSeconds }: ReadRequest): Promise<ReadResponse> {
    if (!this.#isConfigKnown) return { id, outputs: {}, inputs: {}, initErrors: [] };
    const request = new providerPb.ReadRequest();
    request.setId(id).setUrn(urn).setName(nameOfUrn(urn)).setType(typeOfUrn(urn)).setTimeout(timeoutSeconds);
    request.setProperties(this.#struct(outputs, false)).setInputs(this.#struct(inputs, false));
    const { reply, failure } = await this.#outcome<providerPb.ReadResponse>((done) =>
      this.#client.read(request, done),
    );
    const readInputs = reply === undefined ? failure.inputs : fromOptionalStruct(reply.getInputs());
    return {
      id: reply?.getId() ?? failure?.id ?? "",
      outputs: this.#marked(
        reply === undefined ? failure.outputs : fromStruct(reply.getProperties()),
        outputs,
      ),
      inputs: readInputs === undefined ? undefined : this.#marked(readInputs, inputs),
      initErrors: failure?.reasons ?? [],
    };
  }

  async invoke({ token, args, preview }: InvokeRequest): Promise<InvokeResponse> {
    if (!this.#isConfigKnown) return { result: {}, failures: [] };
    const request = new providerPb.InvokeRequest();
    request.setTok(token).setArgs(this.#struct(args, false)).setPreview(preview);
    const reply = await this.#call<providerPb.InvokeResponse>((done) => this.#client.invoke(request, done));
    const result = fromStruct(reply.getReturn());
    const failures = failuresOf(reply.getFailuresList());
    return {
      result: this.#agreed.acceptSecrets || !containsSecrets(args) ? result : allSecret(result),
      failures,
    };
  }

  /** Tells the plugin to end what it does for this connection; one that knows no cancel goes on. */
  async cancel(): Promise<void> {
    try {
      await callUnary<emptyPb.Empty>((done) => this.#client.cancel(new emptyPb.Empty(), done));
    } catch (error) {
      if (!isUnimplemented(error)) throw providerError(error);
    }
  }

  close(): void {
    this.#client.close();
    this.#onClose();
  }

  get #agreed(): Protocol {
    return this.#protocol ?? PLAIN;
  }

  #wire(preview: boolean): { keepSecrets: boolean; keepResources: boolean; keepUnknowns: boolean } {
    const { acceptSecrets, acceptResources } = this.#agreed;
    return { keepSecrets: acceptSecrets, keepResources: acceptResources, keepUnknowns: preview };
  }

  #struct(map: PropertyMap, preview: boolean): ReturnType<typeof toStruct> {
    return toStruct(map, this.#wire(preview));
  }

  /** A plugin that gets plain values answers plain ones: what was secret in `from` is secret again. */
  #marked(map: PropertyMap, from: PropertyMap): PropertyMap {
    if (!this.#agreed.acceptSecrets) annotateSecrets(map, from);
    return map;
  }

  async #call<Reply>(start: Parameters<typeof callUnary<Reply>>[0]): Promise<Reply> {
    try {
      return await callUnary<Reply>(start);
    } catch (error) {
      throw providerError(error);
    }
  }

  /** The reply, or what a partial failure left. */
  async #outcome<Reply>(start: Parameters<typeof callUnary<Reply>>[0]): Promise<Outcome<Reply>> {
    try {
      return { reply: await callUnary<Reply>(start), failure: undefined };
    } catch (error) {
      const failure = initFailureOf(error);
      if (failure === undefined) throw providerError(error);
      return { reply: undefined, failure };
    }
  }
}

type Outcome<Reply> =
  | { readonly reply: Reply; readonly failure: undefined }
  | { readonly reply: undefined; readonly failure: NonNullable<ReturnType<typeof initFailureOf>> };

function allSecret(map: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(map).map(([key, value]) => [key, value instanceof Secret ? value : new Secret(value)]),
  );
}

function failuresOf(list: readonly providerPb.CheckFailure[]): CheckResponse["failures"] {
  return list.map((failure) => ({ property: failure.getProperty(), reason: failure.getReason() }));
}

function checkReply(reply: providerPb.CheckResponse, news: PropertyMap, isPlain: boolean): CheckResponse {
  const inputs = fromStruct(reply.getInputs());
  if (isPlain) annotateSecrets(inputs, news);
  return { inputs, failures: failuresOf(reply.getFailuresList()) };
}

function diffRequest(diff: DiffRequest, wire: Parameters<typeof toStruct>[1]): providerPb.DiffRequest {
  const request = new providerPb.DiffRequest();
  request.setId(diff.id).setUrn(diff.urn).setName(nameOfUrn(diff.urn)).setType(typeOfUrn(diff.urn));
  request.setOlds(toStruct(diff.oldOutputs, wire)).setOldInputs(toStruct(diff.oldInputs, wire));
  request.setNews(toStruct(diff.newInputs, wire)).setIgnorechangesList([...diff.ignoreChanges]);
  return request;
}

import { refuse } from "../errors.ts";
import { typeOfUrn } from "../urn.ts";
import { containsSecrets, type PropertyMap } from "../value.ts";
import {
  type CheckResponse,
  type CreateResponse,
  type DiffResult,
  type InvokeRequest,
  type InvokeResponse,
  NO_DIFF,
  type Provider,
  type ReadRequest,
  type ReadResponse,
  type UpdateResponse,
} from "./provider.ts";

const STACK_REFERENCE = "pulumi:pulumi:StackReference";

/** What the builtin provider asks of the engine. */
export interface BuiltinBackend {
  /** Outputs of another stack, by its name or `organization/<project>/<stack>`. */
  stackOutputs(name: string): Promise<PropertyMap>;
  /** A resource that this run registered or read. */
  resource(urn: string): { readonly id: string; readonly outputs: PropertyMap } | undefined;
}

/** The package `pulumi`: stack references and the lookup of a resource by its URN. */
export class BuiltinProvider implements Provider {
  readonly #backend: BuiltinBackend;

  constructor(backend: BuiltinBackend) {
    this.#backend = backend;
  }

  async checkConfig(): Promise<CheckResponse> {
    return { inputs: {}, failures: [] };
  }

  async diffConfig(): Promise<DiffResult> {
    return NO_DIFF;
  }

  async configure(): Promise<void> {
    return;
  }

  async check({ urn }: { readonly urn: string }): Promise<CheckResponse> {
    throw refuse(`resources of the type '${typeOfUrn(urn)}'`);
  }

  async diff({ urn }: { readonly urn: string }): Promise<DiffResult> {
    if (typeOfUrn(urn) === STACK_REFERENCE) return NO_DIFF;
    throw refuse(`resources of the type '${typeOfUrn(urn)}'`);
  }

  async create({ urn }: { readonly urn: string }): Promise<CreateResponse> {
    throw refuse(`resources of the type '${typeOfUrn(urn)}'`);
  }

  async update({ urn }: { readonly urn: string }): Promise<UpdateResponse> {
    throw refuse(`resources of the type '${typeOfUrn(urn)}'`);
  }

  async delete({ urn }: { readonly urn: string }): Promise<void> {
    throw refuse(`deleting resources of the type '${typeOfUrn(urn)}'`);
  }

  async read({ urn, id, inputs }: ReadRequest): Promise<ReadResponse> {
    if (typeOfUrn(urn) !== STACK_REFERENCE) throw refuse(`resources of the type '${typeOfUrn(urn)}'`);
    return { id, inputs, outputs: await this.#stackReference(inputs.name), initErrors: [] };
  }

  async invoke({ token, args }: InvokeRequest): Promise<InvokeResponse> {
    if (token === "pulumi:pulumi:getResource") return { result: this.#getResource(args.urn), failures: [] };
    if (token === "pulumi:pulumi:readStackOutputs") {
      return { result: await this.#stackReference(args.name), failures: [] };
    }
    throw refuse(`the function '${token}'`);
  }

  close(): void {
    return;
  }

  #getResource(urn: PropertyMap[string] | undefined): PropertyMap {
    const state = this.#backend.resource(String(urn));
    if (state === undefined) throw new Error(`unknown resource ${String(urn)}`);
    return { urn: String(urn), id: state.id, state: state.outputs };
  }

  async #stackReference(name: PropertyMap[string] | undefined): Promise<PropertyMap> {
    if (typeof name !== "string") throw new Error("a stack reference needs a 'name'");
    const outputs = await this.#backend.stackOutputs(name);
    const secrets = Object.keys(outputs).filter((key) => containsSecrets(outputs[key] ?? null));
    return { name, outputs, secretOutputNames: secrets.sort() };
  }
}

import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import resourcePb from "@pulumi/pulumi/proto/resource_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { ConfigValue } from "./config.ts";
import type { Deployment } from "./deployment.ts";
import { parallelForSdk } from "./deploymentContext.ts";
import { messageOf, refuse } from "./errors.ts";
import type { Result } from "./failures.ts";
import type { Goal } from "./goal.ts";
import { aliasesOf, propertyDependenciesOf, refuseUnsupported, timeoutsOf } from "./monitorRequests.ts";
import { DefaultProviders } from "./providers/defaultProviders.ts";
import type { CheckFailure, InvokeRequest, InvokeResponse, Provider } from "./providers/provider.ts";
import { INTERNAL_KEY } from "./providers/registry.ts";
import type { ResourceState } from "./state.ts";
import { isProviderType, packageOfType, parseProviderReference, typeOfUrn } from "./urn.ts";
import { downgradeOutputs, isMap, type PropertyMap } from "./value.ts";
import { fromStruct, toStruct } from "./wire.ts";

/** Features SDKs ask for; anything else is answered with no. */
const FEATURES: readonly string[] = [
  "secrets",
  "resourceReferences",
  "outputValues",
  "aliasSpecs",
  "deletedWith",
  "replaceWith",
];

const RESULTS: Readonly<Record<Result, resourcePb.Result>> = {
  success: resourcePb.Result.SUCCESS,
  failed: resourcePb.Result.FAIL,
  skipped: resourcePb.Result.SKIP,
};

/** The program's side of a run: what the service `ResourceMonitor` does, without gRPC. */
export class ResourceMonitor {
  readonly #deployment: Deployment;
  readonly #config: ReadonlyMap<string, ConfigValue>;
  readonly #defaults: DefaultProviders;
  /** Goals by URN: children inherit from them. */
  readonly #goals = new Map<string, Goal>();
  /** `providers` that components pass on, by the component's URN and package. */
  readonly #componentProviders = new Map<string, ReadonlyMap<string, string>>();

  constructor(deployment: Deployment, config: ReadonlyMap<string, ConfigValue>) {
    this.#deployment = deployment;
    this.#config = config;
    this.#defaults = new DefaultProviders(config, (goal) => deployment.register(goal));
  }

  /** Resolves when calls that still run are given up. */
  get givenUp(): Promise<void> {
    return this.#deployment.givenUp;
  }

  supportsFeature(request: resourcePb.SupportsFeatureRequest): resourcePb.SupportsFeatureResponse {
    return new resourcePb.SupportsFeatureResponse().setHassupport(FEATURES.includes(request.getId()));
  }

  getDeploymentInfo(): resourcePb.DeploymentInfo {
    const { options } = this.#deployment.context;
    const { project, stack, preview } = options;
    const parallel = parallelForSdk(options);
    const info = new resourcePb.DeploymentInfo();
    info
      .setProject(project)
      .setStack(stack)
      .setOrganization("organization")
      .setDryrun(preview)
      .setParallel(parallel);
    for (const [key, { value }] of this.#config) info.getConfigMap().set(key, value);
    info.setConfigsecretkeysList([...this.#config].filter(([, { secret }]) => secret).map(([key]) => key));
    info.setSupportedfeaturesList([0, 1, 2, 3, 5, 6]);
    return info;
  }

  async registerResource(
    request: resourcePb.RegisterResourceRequest,
  ): Promise<resourcePb.RegisterResourceResponse> {
    refuseUnsupported(request);
    const goal = await this.#goalOf(request);
    const state = await this.#deployment.register(goal);
    this.#goals.set(state.urn, goal);
    if (!goal.custom) this.#componentProviders.set(state.urn, this.#providersOf(request));
    const result = this.#deployment.resultOf(state.urn);
    if (result !== "success" && !request.getSupportsresultreporting())
      throw new Error("resource registration failed");
    const response = new resourcePb.RegisterResourceResponse();
    response.setUrn(state.urn).setId(state.id).setResult(RESULTS[result]);
    response.setObject(
      toStruct(goal.custom ? state.outputs : {}, {
        keepUnknowns: true,
        keepSecrets: request.getAcceptsecrets(),
        keepResources: request.getAcceptresources(),
      }),
    );
    return response;
  }

  async #goalOf(request: resourcePb.RegisterResourceRequest): Promise<Goal> {
    const type = request.getType();
    const parent = this.#goals.get(request.getParent());
    const received = fromStruct(request.getObject());
    const isDefined = request.getDeletebeforereplacedefined() || request.getDeletebeforereplace();
    return {
      type,
      name: request.getName(),
      custom: request.getCustom(),
      properties: isProviderType(type) ? providerInputs(request, received) : downgradeOutputs(received),
      parent: request.getParent(),
      protect: request.hasProtect() ? request.getProtect() : parent?.protect,
      dependencies: [...new Set(request.getDependenciesList())].sort(),
      provider: await this.#providerOf(request),
      propertyDependencies: propertyDependenciesOf(request, received),
      deleteBeforeReplace: isDefined ? request.getDeletebeforereplace() : undefined,
      ignoreChanges: request.getIgnorechangesList(),
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      aliases: aliasesOf(request),
      importId: request.getImportid(),
      customTimeouts: timeoutsOf(request),
      replaceOnChanges: request.getReplaceonchangesList(),
      retainOnDelete: request.hasRetainondelete() ? request.getRetainondelete() : parent?.retainOnDelete,
      deletedWith: request.getDeletedwith() || (parent?.deletedWith ?? ""),
      replaceWith: request.getReplaceWithList(),
    };
  }

  /** The reference of a custom resource's provider: its own, its parents' or the default one. */
  async #providerOf(request: resourcePb.RegisterResourceRequest): Promise<string> {
    const type = request.getType();
    if (!request.getCustom() || isProviderType(type)) return "";
    const pkg = packageOfType(type);
    const inherited = this.#goals.get(request.getParent())?.provider ?? "";
    const isFitting =
      inherited !== "" && typeOfUrn(parseProviderReference(inherited).urn) === `pulumi:providers:${pkg}`;
    const reference =
      request.getProvider() ||
      (isFitting ? inherited : "") ||
      request.getProvidersMap().get(pkg) ||
      this.#componentProviders.get(request.getParent())?.get(pkg);
    return reference || (await this.#default(pkg, request.getVersion(), request.getPlugindownloadurl()));
  }

  #providersOf(request: resourcePb.RegisterResourceRequest): ReadonlyMap<string, string> {
    const own = [...request.getProvidersMap().entries()] as [string, string][];
    return new Map([...(this.#componentProviders.get(request.getParent()) ?? []), ...own]);
  }

  #default(pkg: string, version: string, pluginDownloadUrl: string): Promise<string> {
    return this.#defaults.get({ pkg, version, pluginDownloadUrl });
  }

  async readResource(request: resourcePb.ReadResourceRequest): Promise<resourcePb.ReadResourceResponse> {
    const type = request.getType();
    if (request.getPackageref() !== "") throw refuse("parameterized packages");
    if (isProviderType(type)) throw refuse(`reading provider resources ('${type}')`);
    const pkg = packageOfType(type);
    const provider =
      request.getProvider() ||
      (await this.#default(pkg, request.getVersion(), request.getPlugindownloadurl()));
    const state = await this.#deployment.read({
      type,
      id: request.getId(),
      name: request.getName(),
      parent: request.getParent(),
      properties: downgradeOutputs(fromStruct(request.getProperties())),
      dependencies: [...new Set(request.getDependenciesList())].sort(),
      provider,
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
    });
    const wire = {
      keepUnknowns: true,
      keepSecrets: request.getAcceptsecrets(),
      keepResources: request.getAcceptresources(),
    };
    return new resourcePb.ReadResourceResponse()
      .setUrn(state.urn)
      .setProperties(toStruct(state.outputs, wire));
  }

  async invoke(request: resourcePb.ResourceInvokeRequest): Promise<providerPb.InvokeResponse> {
    if (request.getPackageref() !== "") throw refuse("parameterized packages");
    const token = request.getTok();
    const provider = await this.#invokeProvider(request, packageOfType(token));
    const args = downgradeOutputs(fromStruct(request.getArgs()));
    const { preview } = this.#deployment.context.options;
    const { result, failures } = await invokeProvider(provider, { token, args, preview });
    const keepResources = request.getAcceptresources() || token === "pulumi:pulumi:getResource";
    const response = new providerPb.InvokeResponse();
    response.setReturn(toStruct(result, { keepUnknowns: true, keepSecrets: true, keepResources }));
    response.setFailuresList(failures.map(checkFailure));
    return response;
  }

  async #invokeProvider(request: resourcePb.ResourceInvokeRequest, pkg: string): Promise<Provider> {
    const reference =
      request.getProvider() ||
      (await this.#default(pkg, request.getVersion(), request.getPlugindownloadurl()));
    const provider = this.#deployment.context.registry.get(reference);
    if (provider === undefined) throw new Error(`unknown provider '${reference}'`);
    return provider;
  }

  async registerResourceOutputs(request: resourcePb.RegisterResourceOutputsRequest): Promise<emptyPb.Empty> {
    const outputs = downgradeOutputs(fromStruct(request.getOutputs()));
    await this.#deployment.registerOutputs(request.getUrn(), outputs);
    return new emptyPb.Empty();
  }

  async signalAndWaitForShutdown(): Promise<emptyPb.Empty> {
    await this.#deployment.finish();
    return new emptyPb.Empty();
  }

  /** A resource this run knows, for the builtin provider. */
  resource(urn: string): ResourceState | undefined {
    return this.#deployment.resource(urn);
  }
}

/** A provider's inputs with the version and URL of its plugin. */
function providerInputs(request: resourcePb.RegisterResourceRequest, received: PropertyMap): PropertyMap {
  const inputs = downgradeOutputs(received);
  const [version, url] = [request.getVersion(), request.getPlugindownloadurl()];
  if (version === "" && url === "") return inputs;
  const internal = inputs[INTERNAL_KEY];
  return {
    ...inputs,
    ...(version === "" ? {} : { version }),
    [INTERNAL_KEY]: {
      ...(isMap(internal) ? internal : {}),
      ...(url === "" ? {} : { pluginDownloadURL: url }),
    },
  };
}

function checkFailure({ property, reason }: CheckFailure): providerPb.CheckFailure {
  return new providerPb.CheckFailure().setProperty(property).setReason(reason);
}

async function invokeProvider(provider: Provider, request: InvokeRequest): Promise<InvokeResponse> {
  try {
    return await provider.invoke(request);
  } catch (error) {
    throw new Error(`invocation of ${request.token} returned an error: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

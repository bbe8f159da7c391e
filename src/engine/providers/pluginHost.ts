import { dirname, join, resolve } from "node:path";
import * as grpc from "@grpc/grpc-js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { EngineError, messageOf } from "../errors.ts";
import { findOnPath, isExecutable } from "../executables.ts";
import type { Project } from "../project.ts";
import { callUnary, isUnimplemented } from "./call.ts";
import { GrpcProvider, type Protocol } from "./grpcProvider.ts";
import { type PluginProcess, startPlugin } from "./pluginProcess.ts";
import type { Provider, ProvidersOfProcess } from "./provider.ts";
import { clientOf, type ServicesOfProcess } from "./serviceClient.ts";

/** Largest message a plugin may send, as the official engine allows. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;

/** Where plugins are looked for and what they are told. */
export interface PluginContext {
  readonly project: Project;
  readonly environment: NodeJS.ProcessEnv;
  readonly engineAddress: string;
  /** Asked before any plugin. */
  readonly providers: ProvidersOfProcess;
  /** Asked after those. */
  readonly services: ServicesOfProcess;
  /** Gets lines that a plugin writes to stderr. */
  readonly report: (line: string) => void;
}

/** Finds a package's provider: of this process, or a plugin: attached (PULUMI_DEBUG_PROVIDERS), named in Pulumi.yaml, or on PATH. */
export class PluginHost {
  readonly #context: PluginContext;
  readonly #providers = new Set<Provider>();

  constructor(context: PluginContext) {
    this.#context = context;
  }

  /** A new provider instance on a connection of its own. */
  async load(pkg: string): Promise<Provider> {
    const own = Object.hasOwn(this.#context.providers, pkg) ? this.#context.providers[pkg]?.() : undefined;
    if (own !== undefined) {
      this.#providers.add(own);
      return own;
    }
    const { services } = this.#context;
    const service = Object.hasOwn(services, pkg) ? services[pkg]?.() : undefined;
    if (service !== undefined) return await this.#open(clientOf(service));
    return await this.#connect(pkg);
  }

  async #connect(pkg: string): Promise<Provider> {
    const port = this.#attachedPort(pkg);
    const child = port === undefined ? await this.#start(pkg) : undefined;
    const address = `127.0.0.1:${port ?? child?.port}`;
    const client = connect(address);
    try {
      await requirePlugin(client, pkg, address);
      return await this.#open(client, () => child?.close());
    } catch (error) {
      client.close();
      child?.close();
      throw error;
    }
  }

  async #open(client: ResourceProviderClient, onClose: () => void = () => undefined): Promise<Provider> {
    const provider = new GrpcProvider(client, await this.#handshake(client), () => {
      this.#providers.delete(provider);
      onClose();
    });
    this.#providers.add(provider);
    return provider;
  }

  /** Tells every plugin to end what it does. */
  cancel(): void {
    for (const provider of this.#providers)
      provider.cancel?.().catch((error: unknown) => this.#context.report(`cancel: ${messageOf(error)}`));
  }

  /** Closes all connections and ends the plugins that were started. */
  close(): void {
    for (const provider of [...this.#providers]) provider.close();
  }

  #attachedPort(pkg: string): number | undefined {
    const variable = this.#context.environment.PULUMI_DEBUG_PROVIDERS ?? "";
    const entry = variable.split(",").find((part) => part.trim().startsWith(`${pkg}:`));
    if (entry === undefined) return undefined;
    const port = Number(entry.trim().slice(pkg.length + 1));
    if (Number.isInteger(port) && port > 0 && port < 65536) return port;
    throw new EngineError(`PULUMI_DEBUG_PROVIDERS: '${entry.trim()}' is not of the form 'name:port'`);
  }

  async #start(pkg: string): Promise<PluginProcess> {
    const { project, environment, engineAddress, report } = this.#context;
    const executable = await this.#find(pkg);
    return await startPlugin(executable, engineAddress, project.programFolder, environment, report);
  }

  async #find(pkg: string): Promise<string> {
    const { project, environment } = this.#context;
    const folder = project.pluginPaths.get(pkg);
    const name = `pulumi-resource-${pkg}`;
    if (folder !== undefined) return await requireExecutable(join(resolve(project.root, folder), name), pkg);
    const found = await findOnPath(name, environment);
    if (found !== undefined) return found;
    throw new EngineError(
      `no plugin for the package '${pkg}': it is not in PULUMI_DEBUG_PROVIDERS, not under 'plugins.providers' in Pulumi.yaml, and '${name}' is not on PATH`,
    );
  }

  async #handshake(client: ResourceProviderClient): Promise<Protocol | undefined> {
    const { project, engineAddress } = this.#context;
    const request = new providerPb.ProviderHandshakeRequest();
    request.setEngineAddress(engineAddress).setRootDirectory(project.root);
    request.setProgramDirectory(project.programFolder).setConfigureWithUrn(true);
    request.setInvokeWithPreview(true);
    try {
      const reply = await callUnary<providerPb.ProviderHandshakeResponse>((done) =>
        client.handshake(request, done),
      );
      return {
        acceptSecrets: reply.getAcceptSecrets(),
        acceptResources: reply.getAcceptResources(),
        supportsPreview: true,
      };
    } catch (error) {
      if (!isUnimplemented(error)) throw error;
      await this.#attach(client);
      return undefined;
    }
  }

  /** How plugins without a handshake learn the engine's address. */
  async #attach(client: ResourceProviderClient): Promise<void> {
    const request = new pluginPb.PluginAttach();
    request.setAddress(this.#context.engineAddress);
    try {
      await callUnary<emptyPb.Empty>((done) => client.attach(request, done));
    } catch (error) {
      if (!isUnimplemented(error)) throw error;
    }
  }
}

/** A connection that is shared with no other client: plugins keep their config per connection. */
function connect(address: string): ResourceProviderClient {
  return new providerGrpc.ResourceProviderClient(address, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
}

async function requirePlugin(client: ResourceProviderClient, pkg: string, address: string): Promise<void> {
  try {
    await callUnary<pluginPb.PluginInfo>((done) => client.getPluginInfo(new emptyPb.Empty(), done));
  } catch (error) {
    if (isUnimplemented(error)) return;
    throw new EngineError(
      `the plugin of the package '${pkg}' at ${address} does not answer: ${messageOf(error)}`,
    );
  }
}

async function requireExecutable(path: string, pkg: string): Promise<string> {
  if (await isExecutable(path)) return path;
  throw new EngineError(
    `no plugin for the package '${pkg}': Pulumi.yaml names the folder '${dirname(path)}', which has no executable '${path}'`,
  );
}

import type * as pb from "@pulumi/pulumi/proto/provider_pb.js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import type { Connections } from "./connections.ts";
import { fillDiff } from "./diffResponse.ts";
import type { Failure, Plugin } from "./plugin.ts";
import { diffInputs, topLevel } from "./propertyDiff.ts";
import { decode, encode, hasUnknown, Secret, UNKNOWN, type Value, type ValueMap } from "./values.ts";

/** Handshake, CheckConfig, DiffConfig and Configure. */
export function configMethods<Config>(plugin: Plugin<Config>, connections: Connections<Config>) {
  return {
    handshake: () => {
      const response = new providerPb.ProviderHandshakeResponse();
      response.setAcceptSecrets(false);
      response.setAcceptResources(false);
      response.setAcceptOutputs(false);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    },
    checkConfig: (request: pb.CheckRequest) => {
      const news = decode(request.getNews());
      const response = new providerPb.CheckResponse();
      response.setInputs(encode(sealed(news, plugin.secretConfig ?? [])));
      response.setFailuresList(plugin.checkConfig(news).map(failure));
      return response;
    },
    diffConfig: (request: pb.DiffRequest) => diffConfig(plugin, request),
    configure: (request: pb.ConfigureRequest, peer: string) => {
      const args = configArgs(plugin.name, request);
      const [refused] = plugin.checkConfig(args);
      if (refused !== undefined)
        throw new Error(`${plugin.name} provider: ${refused.property}: ${refused.reason}`);
      connections.set(peer, JSON.stringify(args), plugin.configure(args));
      const response = new providerPb.ConfigureResponse();
      response.setSupportspreview(true);
      response.setAcceptsecrets(false);
      response.setAcceptresources(false);
      response.setAcceptoutputs(false);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    },
  };
}

/** The settings with those that are secrets marked; an unknown one is marked when it is known. */
function sealed(news: ValueMap, secrets: readonly string[]): ValueMap {
  const seal = (name: string, value: Value): Value =>
    secrets.includes(name) && value !== UNKNOWN ? new Secret(value) : value;
  return Object.fromEntries(Object.entries(news).map(([name, value]) => [name, seal(name, value)]));
}

/** A failure as the protocol wants it. */
export function failure({ property, reason }: Failure): pb.CheckFailure {
  const message = new providerPb.CheckFailure();
  message.setProperty(property);
  message.setReason(reason);
  return message;
}

function diffConfig<Config>(plugin: Plugin<Config>, request: pb.DiffRequest): pb.DiffResponse {
  const olds = decode(request.getOldInputs() ?? request.getOlds());
  const changes = diffInputs(olds, decode(request.getNews()), {
    isReplace: (path) => plugin.replacingConfig.includes(path),
  });
  const ignored = request.getIgnorechangesList();
  const left = changes.filter(
    ({ path }) => !ignored.includes(topLevel([{ path, kind: "update", isReplace: false }])[0] ?? ""),
  );
  return fillDiff({ changes: left, deleteBeforeReplace: false });
}

/**
 * Configuration as the plugin reads it: `args` when the engine sends them, else `variables` (`<name>:config:<key>`).
 * Both hold what isn't text as JSON text.
 */
function configArgs(name: string, request: pb.ConfigureRequest): ValueMap {
  const args = request.hasArgs() ? decode(request.getArgs()) : {};
  const variables = request
    .getVariablesMap()
    .toObject(true)
    .map(([key, value]) => [key.replace(`${name}:config:`, ""), value]);
  const merged: ValueMap = { ...Object.fromEntries(variables), ...args };
  const unknown = Object.keys(merged).find((key) => hasUnknown(merged[key]));
  if (unknown !== undefined) throw new Error(`${name} provider: '${unknown}' is not known yet`);
  return merged;
}

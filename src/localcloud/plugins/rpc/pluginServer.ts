import net from "node:net";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { Connections } from "./connections.ts";
import type { Plugin } from "./plugin.ts";
import { pluginMethods } from "./pluginMethods.ts";

/** A plugin that serves on loopback. */
export interface PluginServer {
  readonly name: string;
  readonly port: number;
  close(): Promise<void>;
}

/** gRPC's own limit of 4 MB is too small for Pulumi's property bags; its engine uses 400 MB. */
const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
/** How long `close` lets running calls finish. */
const DRAIN_MS = 2_000;

/**
 * Serves one plugin over Pulumi's provider protocol; port 0 takes a free one.
 * Connections are accepted here and handed to gRPC, so that a closed one's configuration is forgotten at once
 * (its port may come back with another provider instance).
 */
export async function servePlugin<Config>(plugin: Plugin<Config>, port: number): Promise<PluginServer> {
  const connections = new Connections<Config>(plugin.name);
  const grpc = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  const methods = pluginMethods(plugin, connections) as UntypedServiceImplementation;
  grpc.addService(providerGrpc.ResourceProviderService, methods);
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = net.createServer((socket) => {
    const peer = peerOf(socket);
    socket.on("close", () => connections.delete(peer));
    injector.injectConnection(socket);
  });
  await listen(listener, port);
  return {
    name: plugin.name,
    port: (listener.address() as net.AddressInfo).port,
    close: async () => {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      injector.drain(DRAIN_MS);
      await closed;
      injector.destroy();
      grpc.forceShutdown();
    },
  };
}

/** The peer as gRPC's `call.getPeer()` names it. */
function peerOf(socket: net.Socket): string {
  return `${socket.remoteAddress}:${socket.remotePort}`;
}

function listen(server: net.Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

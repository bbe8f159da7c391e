import { setTimeout as delay } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { openShared } from "../access/index.ts";
import { Connection, type ProviderOptions } from "./connection.ts";
import { Peers } from "./protocol/peers.ts";
import { providerService } from "./service.ts";

/** A state's inputs and outputs may hold thousands of settings; gRPC's own limit is 4 MB. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** How long calls under way may take to end when the provider is closed. */
export const CLOSE_PATIENCE_MS = 1_000;

/** A provider that answers on a loopback port. */
export interface RunningProvider {
  readonly port: number;
  /** Stops taking calls and waits a moment for those under way; one that the engine gave up may never end. */
  close(): Promise<void>;
}

/** Serves the provider `tenantry` on a free loopback port; any number of instances and stacks may use it at once. */
export async function serveProvider(options: ProviderOptions = {}): Promise<RunningProvider> {
  const shared = openShared();
  const peers = new Peers<Connection>();
  const connectionOf = (peer: string): Connection => {
    const known = peers.get(peer);
    if (known !== undefined) return known;
    const connection = new Connection(shared, options);
    peers.set(peer, connection);
    return connection;
  };
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
  });
  server.addService(providerGrpc.ResourceProviderService, providerService(connectionOf));
  const port = await bind(server);
  const closeAll = async () => {
    await stop(server);
    await shared.pool.release();
  };
  const close = async () => {
    await Promise.race([closeAll(), delay(CLOSE_PATIENCE_MS, undefined, { ref: false })]);
    server.forceShutdown();
  };
  return { port, close };
}

function bind(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

function stop(server: grpc.Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.tryShutdown((error) => {
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

import * as grpc from "@grpc/grpc-js";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";

/** Makers of instances by package: each call gives the methods of one, as a gRPC server of `pulumirpc.ResourceProvider` has them. */
export type ServicesOfProcess = Readonly<Record<string, () => grpc.UntypedServiceImplementation>>;

type Answer = (error: Partial<grpc.ServiceError> | null, reply?: unknown) => void;
type Handler = (call: { readonly request: unknown; getPeer(): string }, answer: Answer) => void;

/**
 * A client of a service in this process: the same messages and failures as over a connection, but no message is
 * serialized and no server, socket or HTTP/2 stream is between. Only what a resource provider's methods use of a call,
 * its request and peer, is there.
 */
export function clientOf(service: grpc.UntypedServiceImplementation): ResourceProviderClient {
  const methods = Object.keys(providerGrpc.ResourceProviderService).map((name) => [
    name,
    (request: unknown, done: Answer) => call(name, service[name] as Handler | undefined, request, done),
  ]);
  return { ...Object.fromEntries(methods), close: () => undefined };
}

function call(name: string, handle: Handler | undefined, request: unknown, done: Answer): void {
  if (handle === undefined) {
    const details = `The server does not implement the method ${name}`;
    queueMicrotask(() => done(serviceError({ code: grpc.status.UNIMPLEMENTED, details })));
    return;
  }
  handle({ request, getPeer: () => "this process" }, (error, reply) =>
    error === null ? done(null, reply) : done(serviceError(error)),
  );
}

/** A failure as a client of a connection gets it. */
function serviceError({ code = grpc.status.UNKNOWN, details = "", metadata }: Partial<grpc.ServiceError>) {
  return Object.assign(new Error(`${code} ${grpc.status[code]}: ${details}`), {
    code,
    details,
    metadata: metadata ?? new grpc.Metadata(),
  });
}

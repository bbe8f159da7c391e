import { Metadata, type ServiceError, status } from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import { encode, type ValueMap } from "./values.ts";

/**
 * A create or update that failed after the thing was there. The engine keeps the resource in state with the reasons and
 * updates it next time; without this the next create would find it "already existing" for ever.
 */
export class InitFailedError extends Error {
  override readonly name = "InitFailedError";
  readonly id: string;
  readonly outputs: ValueMap;
  readonly inputs: ValueMap;

  constructor(
    reason: string,
    made: { readonly id: string; readonly outputs: ValueMap; readonly inputs: ValueMap },
  ) {
    super(reason);
    this.id = made.id;
    this.outputs = made.outputs;
    this.inputs = made.inputs;
  }
}

/** Any error as a gRPC status; UNKNOWN, for UNAVAILABLE and CANCELLED mean "the engine is going away" to Pulumi. */
export function grpcError(error: unknown): Partial<ServiceError> {
  const details = error instanceof Error ? error.message : String(error);
  if (!(error instanceof InitFailedError)) return { code: status.UNKNOWN, details };
  const failure = new providerPb.ErrorResourceInitFailed();
  failure.setId(error.id);
  failure.setProperties(encode(error.outputs));
  failure.setInputs(encode(error.inputs));
  failure.setReasonsList([error.message]);
  const any = new anyPb.Any();
  any.pack(failure.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const rpcStatus = new statusPb.Status();
  rpcStatus.setCode(status.UNKNOWN);
  rpcStatus.setMessage(details);
  rpcStatus.addDetails(any);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(rpcStatus.serializeBinary()));
  return { code: status.UNKNOWN, details, metadata };
}

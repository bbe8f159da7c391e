import * as grpc from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import type { PropertyMap } from "../value.ts";
import { fromStruct } from "../wire.ts";

type Callback<Reply> = (error: grpc.ServiceError | null, reply: Reply) => void;

/** One call of a generated client as a promise. */
export function callUnary<Reply>(start: (callback: Callback<Reply>) => unknown): Promise<Reply> {
  return new Promise((resolve, reject) => {
    start((error, reply) => (error === null ? resolve(reply) : reject(error)));
  });
}

export function isUnimplemented(error: unknown): boolean {
  return (error as Partial<grpc.ServiceError>).code === grpc.status.UNIMPLEMENTED;
}

/** What a failed call said, word for word. */
export function providerError(error: unknown): Error {
  const { details, message } = error as Partial<grpc.ServiceError>;
  return new Error(details || message || String(error), { cause: error });
}

/** A resource that was made or changed but isn't ready. */
export interface InitFailure {
  readonly id: string;
  readonly outputs: PropertyMap;
  readonly inputs: PropertyMap | undefined;
  readonly reasons: readonly string[];
}

/** The partial failure in an error's details, if there is one. */
export function initFailureOf(error: unknown): InitFailure | undefined {
  const [bytes] = (error as Partial<grpc.ServiceError>).metadata?.get("grpc-status-details-bin") ?? [];
  if (!(bytes instanceof Buffer)) return undefined;
  const name = "pulumirpc.ErrorResourceInitFailed";
  const detail = statusPb.Status.deserializeBinary(bytes)
    .getDetailsList()
    .find((any) => any.getTypeName() === name);
  const failure = detail?.unpack(providerPb.ErrorResourceInitFailed.deserializeBinary, name);
  if (!failure) return undefined;
  const inputs = failure.getInputs();
  return {
    id: failure.getId(),
    outputs: fromStruct(failure.getProperties()),
    inputs: inputs === undefined ? undefined : fromStruct(inputs),
    reasons: failure.getReasonsList(),
  };
}

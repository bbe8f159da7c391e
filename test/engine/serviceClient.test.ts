import * as grpc from "@grpc/grpc-js";
import providerPb from "@pulumi/pulumi/proto/provider_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { describe, expect, test } from "vitest";
import { callUnary, isUnimplemented, providerError } from "../../src/engine/providers/call.ts";
import { clientOf } from "../../src/engine/providers/serviceClient.ts";

describe("a service of this process", () => {
  const service: grpc.UntypedServiceImplementation = {
    getSchema: (
      call: grpc.ServerUnaryCall<providerPb.GetSchemaRequest, unknown>,
      done: grpc.sendUnaryData<unknown>,
    ) => done(null, new providerPb.GetSchemaResponse().setSchema(`version ${call.request.getVersion()}`)),
    cancel: (_: unknown, done: grpc.sendUnaryData<unknown>) =>
      done({ code: grpc.status.UNAVAILABLE, details: "it went away" }, null),
  };
  const client = clientOf(service);

  test("is answered as over a connection", async () => {
    const request = new providerPb.GetSchemaRequest().setVersion(7);
    const reply = await callUnary<providerPb.GetSchemaResponse>((done) => client.getSchema(request, done));
    expect(reply.getSchema()).toBe("version 7");
  });

  test("fails as over a connection", async () => {
    const error = await callUnary((done) => client.cancel(new emptyPb.Empty(), done)).catch(
      (failure: grpc.ServiceError) => failure,
    );
    expect(error).toMatchObject({ code: grpc.status.UNAVAILABLE, details: "it went away" });
    expect(providerError(error).message).toBe("it went away");
  });

  test("has no method that it doesn't have, and says so as a server does", async () => {
    const request = new providerPb.CallRequest();
    const error: unknown = await callUnary((done) => client.call(request, done)).catch((failure) => failure);
    expect(isUnimplemented(error)).toBe(true);
  });
});

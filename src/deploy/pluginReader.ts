import grpc from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import providerProto from "@pulumi/pulumi/proto/provider_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import type { Properties } from "./deployEvents.ts";

/** A resource as its plugin finds it. */
export interface ReadResource {
  readonly id: string;
  readonly outputs: Properties;
}

/** What to ask a plugin for. Every value is plain. */
export interface ReadQuestion {
  readonly urn: string;
  readonly id: string;
  readonly inputs: Properties;
  /** Configuration of the provider instance that the resource belongs to. */
  readonly providerInputs: Properties;
}

/**
 * Asks an attached plugin (`PULUMI_DEBUG_PROVIDERS`) for one resource by id; undefined when it isn't there. The
 * connection is our own: a plugin keeps its configuration per connection.
 */
export async function readThroughPlugin(
  port: number,
  question: ReadQuestion,
): Promise<ReadResource | undefined> {
  const client = new providerGrpc.ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
    { "grpc.use_local_subchannel_pool": 1 },
  );
  try {
    await configure(client, question.providerInputs);
    const request = new providerProto.ReadRequest();
    request.setUrn(question.urn);
    request.setId(question.id);
    request.setInputs(struct(question.inputs));
    request.setProperties(struct({}));
    const answer = await call<providerProto.ReadResponse>((done) => client.read(request, done));
    if (answer.getId() === "") return undefined;
    return { id: answer.getId(), outputs: (answer.getProperties()?.toJavaScript() ?? {}) as Properties };
  } finally {
    client.close();
  }
}

/** Ports of attached plugins by package: `azure-native:4001,random:4002`. */
export function attachedPorts(debugProviders: string | undefined): Readonly<Record<string, number>> {
  const pairs = (debugProviders ?? "").split(",").filter((pair) => pair.includes(":"));
  return Object.fromEntries(
    pairs.map((pair) => {
      const colon = pair.lastIndexOf(":");
      return [pair.slice(0, colon), Number(pair.slice(colon + 1))];
    }),
  );
}

async function configure(
  client: InstanceType<typeof providerGrpc.ResourceProviderClient>,
  inputs: Properties,
): Promise<void> {
  const request = new providerProto.ConfigureRequest();
  const { version: _, __internal: __, ...args } = inputs;
  request.setArgs(struct(args));
  request.setAcceptsecrets(false);
  await call<providerProto.ConfigureResponse>((done) => client.configure(request, done));
}

function struct(properties: Properties): structProto.Struct {
  return structProto.Struct.fromJavaScript(properties as { [key: string]: structProto.JavaScriptValue });
}

function call<Answer>(
  send: (done: (error: grpc.ServiceError | null, answer?: Answer) => void) => unknown,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    send((error, answer) => {
      if (error !== null || answer === undefined) reject(error ?? new Error("the plugin answered nothing"));
      else resolve(answer);
    });
  });
}

import * as grpc from "@grpc/grpc-js";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import * as automationServer from "@pulumi/pulumi/automation/server.js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import type { Harness } from "./harness.ts";

/** The Automation API's language host, which the SDK keeps out of its types. */
const { LanguageServer } = automationServer as unknown as {
  readonly LanguageServer: new (
    program: PulumiFn,
  ) => grpc.UntypedServiceImplementation & { onPulumiExit(hasError: boolean): void };
};

/** Runs one command line of the engine with a program behind `--client`, as the Automation API does it. */
export async function runWithProgram(
  harness: Harness,
  args: readonly string[],
  program: PulumiFn = async () => undefined,
  environment: Record<string, string> = {},
): ReturnType<Harness["run"]> {
  const server = new grpc.Server();
  const host = new LanguageServer(program);
  server.addService(languageGrpc.LanguageRuntimeService, host);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  let hasFailed = true;
  try {
    const result = await harness.run([...args, `--client=127.0.0.1:${port}`], environment);
    hasFailed = false;
    return result;
  } finally {
    host.onPulumiExit(hasFailed);
    server.forceShutdown();
  }
}

import grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineProto from "@pulumi/pulumi/proto/engine_pb.js";

const LOG_TIMEOUT_MS = 5_000;

/** Where warnings go: the engine that attached us, or standard error when none did. */
export class EngineLog {
  private address: string | undefined;

  attach(address: string): void {
    if (address !== "") this.address = address;
  }

  /** Shows a warning beside a resource. A log that can't be delivered is printed, so that it isn't lost. */
  async warn(urn: string, message: string): Promise<void> {
    await this.#show(engineProto.LogSeverity.WARNING, urn, message, () => print(`warning: ${message}`));
  }

  /** Shows a line beside a resource, likewise. */
  async note(urn: string, message: string): Promise<void> {
    await this.#show(engineProto.LogSeverity.INFO, urn, message, () => print(message));
  }

  async #show(
    severity: engineProto.LogSeverity,
    urn: string,
    message: string,
    printInstead: () => void,
  ): Promise<void> {
    if (this.address === undefined) return printInstead();
    const client = new engineGrpc.EngineClient(this.address, grpc.credentials.createInsecure());
    const request = new engineProto.LogRequest();
    request.setSeverity(severity);
    request.setUrn(urn);
    request.setMessage(message);
    const deadline = Date.now() + LOG_TIMEOUT_MS;
    await new Promise<void>((resolve) => {
      client.log(request, new grpc.Metadata(), { deadline }, (error) => {
        if (error !== null) printInstead();
        resolve();
      });
    });
    client.close();
  }
}

function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

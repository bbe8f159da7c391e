import * as grpc from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import resourceGrpc from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { RUN_STOPPED, RunStopped } from "./deployment.ts";
import type { Reporter } from "./deploymentContext.ts";
import { isRefusal, messageOf, refuse } from "./errors.ts";
import { ProgramWatch } from "./programWatch.ts";
import type { ResourceMonitor } from "./resourceMonitor.ts";

const MAX_MESSAGE_BYTES = 400 * 1024 * 1024;
/** Time a request may wait for the event loop; the SDK's own server allows as much. */
const MAX_QUEUE_SECONDS = 30 * 60;

/** The loopback server that a program and its plugins talk to. */
export interface EngineServer {
  readonly address: string;
  /** Resolves when the program reported an error and has come to a standstill. */
  readonly programSilent: Promise<void>;
  /** Answers the program's calls from now on. */
  serve(monitor: ResourceMonitor, onRefused: (error: Error) => void): void;
  close(): void;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startEngineServer(report: Reporter): Promise<EngineServer> {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.server_max_unrequested_time_in_server": MAX_QUEUE_SECONDS,
  });
  const watch = new ProgramWatch();
  server.addService(engineGrpc.EngineService, engineHandlers(report, watch));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    programSilent: watch.silent,
    serve: (monitor, onRefused) =>
      server.addService(resourceGrpc.ResourceMonitorService, monitorHandlers(monitor, watch, onRefused)),
    close: () => server.forceShutdown(),
  };
}

type Handlers = grpc.UntypedServiceImplementation;

function engineHandlers(report: Reporter, watch: ProgramWatch): Handlers {
  let root = "";
  return {
    log: unary(async (request: enginePb.LogRequest) => {
      log(report, watch, request);
      return new emptyPb.Empty();
    }),
    getRootResource: unary(async () => new enginePb.GetRootResourceResponse().setUrn(root)),
    setRootResource: unary(async (request: enginePb.SetRootResourceRequest) => {
      root = request.getUrn();
      return new enginePb.SetRootResourceResponse();
    }),
    startDebugging: refused("debugging"),
    requirePulumiVersion: unary(async () => new enginePb.RequirePulumiVersionResponse()),
  };
}

function log(report: Reporter, watch: ProgramWatch, request: enginePb.LogRequest): void {
  const { INFO, WARNING, ERROR } = enginePb.LogSeverity;
  const [urn, message] = [request.getUrn(), request.getMessage()];
  if (request.getEphemeral() || isAftermath(request)) return;
  if (request.getSeverity() === ERROR) {
    report.error(urn, message);
    watch.fail();
  } else if (request.getSeverity() === WARNING) report.warn(urn, message);
  else if (request.getSeverity() === INFO) report.info(urn, message);
}

/** Errors that a program logs because its calls failed after the run was stopped. */
function isAftermath(request: enginePb.LogRequest): boolean {
  return request.getSeverity() === enginePb.LogSeverity.ERROR && request.getMessage().includes(RUN_STOPPED);
}

function monitorHandlers(
  monitor: ResourceMonitor,
  watch: ProgramWatch,
  onRefused: (error: Error) => void,
): Handlers {
  // A call that waits for a provider which never answers is answered when the run gives that up.
  const givenUp = monitor.givenUp.then(() => {
    throw new RunStopped();
  });
  givenUp.catch(() => undefined);
  const watched = <Request, Reply>(serve: (request: Request) => Promise<Reply>) =>
    unary((request: Request) => watch.during(Promise.race([serve(request), givenUp])), onRefused);
  return {
    supportsFeature: watched(async (request) => monitor.supportsFeature(request as never)),
    getDeploymentInfo: watched(async () => monitor.getDeploymentInfo()),
    registerResource: watched((request) => monitor.registerResource(request as never)),
    registerResourceOutputs: watched((request) => monitor.registerResourceOutputs(request as never)),
    readResource: watched((request) => monitor.readResource(request as never)),
    invoke: watched((request) => monitor.invoke(request as never)),
    signalAndWaitForShutdown: watched(() => monitor.signalAndWaitForShutdown()),
    call: refused("calls of resource methods", onRefused),
    registerStackTransform: refused("stack transforms", onRefused),
    registerStackInvokeTransform: refused("invoke transforms", onRefused),
    registerResourceHook: refused("resource hooks", onRefused),
    registerErrorHook: refused("error hooks", onRefused),
    registerPackage: refused("parameterized packages", onRefused),
  };
}

function refused(what: string, onRefused?: (error: Error) => void): grpc.UntypedHandleCall {
  return unary(async () => {
    throw refuse(what);
  }, onRefused);
}

/**
 * A handler that answers with what `serve` gives. Failures become status UNKNOWN, a stopped run too: after
 * UNAVAILABLE, the SDK leaves outputs pending for ever, and with them its handlers on the process.
 */
function unary<Request, Reply>(
  serve: (request: Request) => Promise<Reply>,
  onRefused: (error: Error) => void = () => undefined,
): grpc.UntypedHandleCall {
  return (call: grpc.ServerUnaryCall<Request, Reply>, callback: grpc.sendUnaryData<Reply>): void => {
    serve(call.request).then(
      (reply) => callback(null, reply),
      (error: unknown) => {
        if (error instanceof Error && isRefusal(error)) onRefused(error);
        callback({ code: grpc.status.UNKNOWN, details: messageOf(error) });
      },
    );
  };
}

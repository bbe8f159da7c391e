import * as grpc from "@grpc/grpc-js";
import log from "@pulumi/pulumi/log/index.js";
import languageGrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import languagePb from "@pulumi/pulumi/proto/language_pb.js";
import type { ConfigValue } from "./config.ts";
import { confineFailures } from "./confineFailures.ts";
import { confineLogs } from "./confineLogs.ts";
import { messageOf } from "./errors.ts";

/** How the Automation API's program is run. */
export interface ProgramRun {
  /** Address of the program's language runtime (`--client`). */
  readonly client: string;
  readonly engineAddress: string;
  readonly project: string;
  readonly stack: string;
  readonly workDir: string;
  readonly preview: boolean;
  readonly parallel: number;
  readonly config: ReadonlyMap<string, ConfigValue>;
}

/** A program that is running. */
export interface RunningProgram {
  /** Resolves with the text of the program's failure, or undefined when it ended well. */
  readonly ended: Promise<string | undefined>;
  /** Stops waiting for it, if it hasn't ended. */
  cancel(): void;
}

/** Runs the program against the engine at `engineAddress`. */
export function runProgram(run: ProgramRun): RunningProgram {
  confineFailures();
  confineLogs();
  dropDebugLogs();
  const client = new languageGrpc.LanguageRuntimeClient(run.client, grpc.credentials.createInsecure(), {
    "grpc.enable_http_proxy": 0,
  });
  let cancel: () => void = () => undefined;
  const ended = new Promise<string | undefined>((resolve) => {
    const call = client.run(
      requestOf(run),
      (error: grpc.ServiceError | null, reply: languagePb.RunResponse) => {
        client.close();
        if (error !== null) resolve(error.details || messageOf(error));
        else resolve(reply.getError() || undefined);
      },
    );
    cancel = () => call.cancel();
  });
  return { ended, cancel: () => cancel() };
}

/**
 * The SDK sends every debug line, several a resource, in a call of its own to the engine, which shows none of them: an
 * eighth of a run's time. From the first program on, those of this process are not sent.
 */
function dropDebugLogs(): void {
  (log as { debug: typeof log.debug }).debug = async () => undefined;
}

function requestOf(run: ProgramRun): languagePb.RunRequest {
  const request = new languagePb.RunRequest();
  request.setProject(run.project).setStack(run.stack).setOrganization("organization");
  request
    .setPwd(run.workDir)
    .setProgram(".")
    .setArgsList([run.engineAddress])
    .setMonitorAddress(run.engineAddress);
  request.setDryrun(run.preview).setParallel(run.parallel);
  for (const [key, { value }] of run.config) request.getConfigMap().set(key, value);
  request.setConfigsecretkeysList([...run.config].filter(([, { secret }]) => secret).map(([key]) => key));
  return request;
}

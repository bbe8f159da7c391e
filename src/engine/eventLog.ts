import * as grpc from "@grpc/grpc-js";
import eventsGrpc from "@pulumi/pulumi/proto/events_grpc_pb.js";
import eventsPb from "@pulumi/pulumi/proto/events_pb.js";
import type emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import { refuse } from "./errors.ts";
import type { EngineEvent } from "./events.ts";

/** Where a run's events go. */
export interface EventLog {
  write(event: EngineEvent): void;
  /** Resolves when the reader has all of them. */
  close(): Promise<void>;
}

const NOWHERE: EventLog = { write: () => undefined, close: async () => undefined };

/** Opens the log named by `--event-log`, a `tcp://` address of the Automation API. */
export function openEventLog(target: string | undefined): EventLog {
  if (target === undefined) return NOWHERE;
  if (!target.startsWith("tcp://")) throw refuse(`the event log '${target}' (only tcp:// addresses)`);
  return streamTo(target.slice("tcp://".length));
}

function streamTo(address: string): EventLog {
  const client = new eventsGrpc.EventsClient(address, grpc.credentials.createInsecure(), {
    "grpc.enable_http_proxy": 0,
  });
  let sequence = 0;
  let resolveEnd: () => void;
  let rejectEnd: (error: Error) => void;
  const end = new Promise<void>((resolve, reject) => {
    resolveEnd = resolve;
    rejectEnd = reject;
  });
  const stream = client.streamEvents((error: grpc.ServiceError | null, _reply: emptyPb.Empty) =>
    error === null ? resolveEnd() : rejectEnd(error),
  );
  let isClosed = false;
  return {
    write: (event) => {
      // A call that was given up may end later.
      if (isClosed) return;
      const numbered = { sequence: sequence++, timestamp: Math.floor(Date.now() / 1000), ...event };
      stream.write(new eventsPb.EventRequest().setEvent(JSON.stringify(numbered)));
    },
    close: async () => {
      isClosed = true;
      stream.end();
      try {
        await end;
      } finally {
        client.close();
      }
    },
  };
}

import { type FileHandle, open } from "node:fs/promises";
import * as grpc from "@grpc/grpc-js";
import eventsGrpc from "@pulumi/pulumi/proto/events_grpc_pb.js";
import eventsPb from "@pulumi/pulumi/proto/events_pb.js";
import type emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { StampedEvent } from "./events.ts";

/** Where a run's events go. */
export interface EventLog {
  write(event: StampedEvent): void;
  /** Resolves when the reader has all of them. */
  close(): Promise<void>;
}

const NOWHERE: EventLog = { write: () => undefined, close: async () => undefined };

/** Opens the log named by `--event-log`: a `tcp://` address of the Automation API, or a file for JSON lines. */
export async function openEventLog(target: string | undefined): Promise<EventLog> {
  if (target === undefined) return NOWHERE;
  if (target.startsWith("tcp://")) return streamTo(target.slice("tcp://".length));
  return linesTo(await open(target, "w", 0o666));
}

/** JSON lines in a file; a write that fails is told when the log is closed. */
function linesTo(file: FileHandle): EventLog {
  let written: Promise<unknown> = Promise.resolve();
  return {
    write: (event) => {
      written = written.then(() => file.write(`${JSON.stringify(event)}\n`));
      written.catch(() => undefined);
    },
    close: async () => {
      try {
        await written;
      } finally {
        await file.close();
      }
    },
  };
}

function streamTo(address: string): EventLog {
  const client = new eventsGrpc.EventsClient(address, grpc.credentials.createInsecure(), {
    "grpc.enable_http_proxy": 0,
  });
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
      stream.write(new eventsPb.EventRequest().setEvent(JSON.stringify(event)));
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

import { randomUUID } from "node:crypto";
import { ArmError } from "./armError.ts";
import type { Json } from "./armResource.ts";

/** How long a finished operation can still be asked for. */
const KEEP_MS = 10 * 60_000;
const FOLDER = "/providers/Microsoft.Resources";
const API_VERSION = "2024-03-01";

/** What a finished operation's `Location` answers. */
export interface OperationResult {
  readonly status: number;
  readonly body?: Json;
}

interface Operation {
  readonly id: string;
  status: "Failed" | "InProgress" | "Succeeded";
  error?: ArmError;
  readonly startedAt: string;
  endedAt?: string;
  readonly result: () => OperationResult;
}

/** Path and query of an operation's status document: `Azure-AsyncOperation`. */
export function operationStatusPath(id: string): string {
  return `${FOLDER}/operationStatuses/${id}?api-version=${API_VERSION}`;
}

/** Path and query of what an operation comes to: `Location`. */
export function operationResultPath(id: string): string {
  return `${FOLDER}/operationResults/${id}?api-version=${API_VERSION}`;
}

/** Long-running operations under way and just finished; a restart forgets them, as the resources' own state tells. */
export class Operations {
  readonly #operations = new Map<string, Operation>();
  readonly #running = new Set<Promise<void>>();

  /** Starts work that is polled by the returned id. `result` is asked when it succeeded; default 200 without a body. */
  start(work: () => Promise<void>, result: () => OperationResult = () => ({ status: 200 })): string {
    const operation: Operation = {
      id: randomUUID(),
      status: "InProgress",
      startedAt: new Date().toISOString(),
      result,
    };
    this.#operations.set(operation.id, operation);
    const running = work().then(
      () => finish(operation, "Succeeded"),
      (error: unknown) => {
        operation.error = asArmError(error);
        finish(operation, "Failed");
      },
    );
    this.#running.add(running);
    void running.then(() => {
      this.#running.delete(running);
      setTimeout(() => this.#operations.delete(operation.id), KEEP_MS).unref();
    });
    return operation.id;
  }

  /** The status document of one operation. Throws 404 for an unknown one. */
  status(id: string): { readonly isDone: boolean; readonly body: Json } {
    const { status, startedAt, endedAt, error } = this.#find(id);
    const isDone = status !== "InProgress";
    const body = {
      id: `${FOLDER}/operationStatuses/${id}`,
      name: id,
      status,
      startTime: startedAt,
      ...(endedAt === undefined ? {} : { endTime: endedAt }),
      percentComplete: isDone ? 100 : 0,
      ...error?.body(),
    };
    return { isDone, body };
  }

  /** What it came to; undefined while it is under way. Throws what it failed with, and 404 for an unknown one. */
  result(id: string): OperationResult | undefined {
    const operation = this.#find(id);
    if (operation.error !== undefined) throw operation.error;
    return operation.status === "InProgress" ? undefined : operation.result();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }

  #find(id: string): Operation {
    const operation = this.#operations.get(id);
    if (operation !== undefined) return operation;
    throw new ArmError(404, "OperationNotFound", `The operation '${id}' was not found.`);
  }
}

function finish(operation: Operation, status: "Failed" | "Succeeded"): void {
  operation.status = status;
  operation.endedAt = new Date().toISOString();
}

/** Any error as Resource Manager would answer it. */
export function asArmError(error: unknown): ArmError {
  if (error instanceof ArmError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ArmError(500, "InternalServerError", message);
}

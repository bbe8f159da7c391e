import { randomUUID } from "node:crypto";
import { ArmError } from "./armError.ts";

/** How long a finished operation can still be asked for. */
const KEEP_MS = 10 * 60_000;

interface Operation {
  readonly id: string;
  status: "Failed" | "InProgress" | "Succeeded";
  error?: ArmError;
  readonly startedAt: string;
}

/** Long-running operations under way and just finished; a restart forgets them, as the resources' own state tells. */
export class Operations {
  readonly #operations = new Map<string, Operation>();
  readonly #running = new Set<Promise<void>>();

  /** Starts work that is polled by the returned id. */
  start(work: () => Promise<void>): string {
    const operation: Operation = {
      id: randomUUID(),
      status: "InProgress",
      startedAt: new Date().toISOString(),
    };
    this.#operations.set(operation.id, operation);
    const running = work().then(
      () => {
        operation.status = "Succeeded";
      },
      (error: unknown) => {
        operation.status = "Failed";
        operation.error = asArmError(error);
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
  status(id: string): { readonly isDone: boolean; readonly body: object } {
    const operation = this.#operations.get(id);
    if (operation === undefined)
      throw new ArmError(404, "OperationNotFound", `The operation '${id}' was not found.`);
    const { status, startedAt, error } = operation;
    const body = { id, name: id, status, startTime: startedAt, ...(error?.body() ?? {}) };
    return { isDone: status !== "InProgress", body };
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
  }
}

/** Any error as Resource Manager would answer it. */
export function asArmError(error: unknown): ArmError {
  if (error instanceof ArmError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ArmError(500, "InternalServerError", message);
}

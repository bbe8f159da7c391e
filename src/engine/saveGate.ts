import type { SaveSnapshot } from "./snapshotManager.ts";

/**
 * Lets a run store its state until it is over. A call that was given up may still end later, when the stack is
 * another run's: what it would store then waits for ever.
 */
export class SaveGate {
  readonly #write: SaveSnapshot;
  #isClosed = false;
  #running: Promise<void> = Promise.resolve();

  constructor(write: SaveSnapshot) {
    this.#write = write;
  }

  readonly save: SaveSnapshot = (snapshot) => {
    if (this.#isClosed) return new Promise(() => undefined);
    const written = this.#write(snapshot);
    this.#running = written.catch(() => undefined);
    return written;
  };

  /** Resolves when nothing is being stored any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
  }
}

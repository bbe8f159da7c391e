/**
 * Work on one thing after any other work on it. An engine that is killed leaves its call running here; the next run's
 * read of the same thing then waits for the end of it instead of finding it half-made (FAULTS F3).
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  async take<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(work);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    this.#last.set(key, settled);
    void settled.then(() => {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    });
    return mine;
  }
}

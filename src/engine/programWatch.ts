/** How long a program that failed may be silent between two of its calls. */
const SILENCE_MS = 250;

/**
 * Tells when a program that reported an error has come to a standstill. Its process would end by itself; inside this
 * one it waits for ever for the resources that the failed value was to make.
 */
export class ProgramWatch {
  /** Resolves when it failed and is silent with no call open. */
  readonly silent: Promise<void>;
  #resolve: () => void = () => undefined;
  #openCalls = 0;
  #hasFailed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.silent = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** The program reported an error. */
  fail(): void {
    this.#hasFailed = true;
    this.#listen();
  }

  /** Serves one of the program's calls. */
  async during<T>(call: Promise<T>): Promise<T> {
    this.#openCalls += 1;
    clearTimeout(this.#timer);
    try {
      return await call;
    } finally {
      this.#openCalls -= 1;
      this.#listen();
    }
  }

  #listen(): void {
    clearTimeout(this.#timer);
    if (this.#hasFailed && this.#openCalls === 0) this.#timer = setTimeout(this.#resolve, SILENCE_MS).unref();
  }
}

/** Ctrl-C and SIGTERM as an abort signal, until closed. */
export interface Interrupts {
  readonly signal: AbortSignal;
  close(): void;
}

/** The first Ctrl-C or SIGTERM aborts the signal; a second one ends the process at once. */
export function listenForInterrupts(): Interrupts {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(signal === "SIGINT" ? 130 : 143);
    controller.abort(new Error(`stopped by ${signal}`));
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return {
    signal: controller.signal,
    close: () => {
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
    },
  };
}

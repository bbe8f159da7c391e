import type { Command } from "commander";

/** Where a verb's words go. Tests pass their own. */
export interface CliIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether `out` is a terminal that live progress may redraw. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; 80 where it has none. */
  readonly columns: number;
}

/** What every verb gets beside its own words. */
export interface CliContext {
  /** The project's root: the folder with Pulumi.yaml. */
  readonly root: string;
  readonly io: CliIo;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
}

/** Options every verb takes. */
export interface CommonOptions {
  /** Environment; default `local`. */
  readonly env: string;
  readonly engine?: "official" | "embedded";
  readonly json: boolean;
  readonly wait: boolean;
}

/** One verb: its words for `--help` and its body. The body answers the exit code; a UserError brings its own. */
export interface Verb {
  /** Adds arguments, own options and examples. Name, summary and common options are there already. */
  configure(command: Command): void;
  run(
    args: readonly string[],
    options: CommonOptions & Record<string, unknown>,
    context: CliContext,
  ): Promise<number>;
}

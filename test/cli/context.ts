import type { CliContext, CommonOptions } from "../../src/cli/verb.ts";

/** A context that keeps what a verb says. */
export function recordingContext(root: string): {
  context: CliContext;
  out: () => string;
  err: () => string;
} {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    isTerminal: false,
    columns: 120,
  };
  const context = { root, io, signal: new AbortController().signal };
  return { context, out: () => out.join(""), err: () => err.join("") };
}

export const OPTIONS: CommonOptions = { env: "local", json: false, wait: false };

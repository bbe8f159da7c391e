import type { CliIo } from "../verb.ts";
import { ndjsonDisplay } from "./ndjson.ts";
import { plainDisplay } from "./plain.ts";
import type { ProgressDisplay } from "./progress.ts";

/** The display that fits: NDJSON when asked for, redrawn rows on a terminal, plain lines elsewhere. */
export async function openDisplay(
  io: CliIo,
  targets: readonly string[],
  { isJson, parallel }: { readonly isJson: boolean; readonly parallel: number },
): Promise<ProgressDisplay> {
  if (isJson) return ndjsonDisplay(io);
  if (!io.isTerminal) return plainDisplay(io, targets);
  const { liveDisplay } = await import("./live.ts");
  return liveDisplay(targets, parallel);
}

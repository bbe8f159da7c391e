import { DiffDisplay } from "./diffDisplay.ts";
import { type Display, displayOptions, type Output } from "./display.ts";
import { PlainDisplay } from "./plainDisplay.ts";
import { PreviewDigest } from "./previewDigest.ts";

/** What a command line asks to see of its run. */
export interface RunDisplay {
  readonly display: Display;
  /** Whether each event is printed as a line of JSON: `--json`, but for a preview, which has a document of its own. */
  readonly printsEvents: boolean;
}

export function openDisplay(
  flags: ReadonlyMap<string, string>,
  preview: boolean,
  output: Output,
): RunDisplay {
  const options = displayOptions(flags, preview);
  if (flags.has("--json") && !preview) return { display: {}, printsEvents: true };
  const display = flags.has("--json")
    ? new PreviewDigest(output, options)
    : flags.has("--diff")
      ? new DiffDisplay(output, options)
      : new PlainDisplay(output, options);
  return { display, printsEvents: false };
}

export type { Display, Output } from "./display.ts";

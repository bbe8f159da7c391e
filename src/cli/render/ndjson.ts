import type { CliIo } from "../verb.ts";
import type { ProgressDisplay } from "./progress.ts";

/** One JSON object a line; fields as in `Progress`. */
export function ndjsonDisplay(io: CliIo): ProgressDisplay {
  return {
    show: (progress) => io.out(`${JSON.stringify(progress)}\n`),
    close: async () => undefined,
  };
}

import type { CliIo } from "../verb.ts";
import type { ProgressDisplay } from "./progress.ts";

/** One JSON object a line; fields as in `Progress`. Steps are left out. */
export function ndjsonDisplay(io: CliIo): ProgressDisplay {
  return {
    show: (progress) => {
      if (progress.kind !== "step") io.out(`${JSON.stringify(progress)}\n`);
    },
    close: async () => undefined,
  };
}

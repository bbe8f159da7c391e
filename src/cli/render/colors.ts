import pc from "picocolors";
import type { CliIo } from "../verb.ts";

/** Colours where a person looks on, or `FORCE_COLOR` wants them; a file or a pipe gets plain text, also on a CI machine. */
export function colorsFor(
  { isTerminal }: Pick<CliIo, "isTerminal">,
  environment: NodeJS.ProcessEnv = process.env,
): ReturnType<typeof pc.createColors> {
  const isUnwanted = environment.NO_COLOR !== undefined && environment.NO_COLOR !== "";
  const isForced = !["", "0", undefined].includes(environment.FORCE_COLOR);
  return pc.createColors(!isUnwanted && (isTerminal || isForced));
}

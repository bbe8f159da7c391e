import type { CliIo } from "../verb.ts";
import { formatMs, type Progress, type ProgressDisplay } from "./progress.ts";

/** One line an event but for steps: for logs, pipes and CI. */
export function plainDisplay(io: CliIo, targets: readonly string[]): ProgressDisplay {
  const width = Math.max(...targets.map((target) => target.length), 0);
  return {
    show: (progress) => {
      if (progress.kind !== "step") io.out(`${progress.target.padEnd(width)}  ${words(progress)}\n`);
    },
    close: async () => undefined,
  };
}

/** On one line: a message that is no sentence ends before the hint begins. */
function withHint(message: string, hint: string | undefined): string {
  if (hint === undefined) return message;
  return `${message}${/[.!?]$/.test(message) ? "" : "."} ${hint}`;
}

function words(progress: Exclude<Progress, { readonly kind: "step" }>): string {
  switch (progress.kind) {
    case "started":
      return "started";
    case "phase":
      return progress.phase;
    case "note":
      return progress.text;
    case "finished":
      return `${progress.summary} (${formatMs(progress.tookMs)})`;
    case "failed":
      return `failed: ${progress.code}: ${withHint(progress.message, progress.hint)}`;
  }
}

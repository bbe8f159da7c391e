import type { MaintainedItem } from "./maintain.ts";

/** One line for a person or a cron mail: how much of what was done, and by name what was not. Pure. */
export function summaryOf(items: readonly MaintainedItem[]): string {
  const done = countsOf(items.filter(({ outcome }) => outcome === "done"));
  const due = countsOf(items.filter(({ outcome }) => outcome === "due"));
  const parts = [
    ...(due === "" ? [] : [`due: ${due}`]),
    ...(done === "" ? [] : [`done: ${done}`]),
    ...namesOf("failed", items),
    ...namesOf("skipped", items),
  ];
  return parts.length === 0 ? "nothing due" : parts.join("; ");
}

function countsOf(items: readonly MaintainedItem[]): string {
  const tasks = [...new Set(items.map(({ task }) => task))];
  return tasks.map((name) => `${items.filter(({ task }) => task === name).length} ${name}`).join(", ");
}

/** So many are named in one line; `--json` has all. */
const NAMED = 5;

function namesOf(outcome: "failed" | "skipped", items: readonly MaintainedItem[]): string[] {
  const names = items.filter((item) => item.outcome === outcome).map(({ task, slug }) => `${slug} (${task})`);
  if (names.length === 0) return [];
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  const words = outcome === "failed" ? "failed" : "held by another run";
  return [`${words}: ${names.slice(0, NAMED).join(", ")}${more}`];
}

import type { Summary } from "../events.ts";
import type { StepOp } from "../step.ts";

/** Sign and past tense of what a summary counts, in its order. */
const COUNTED: readonly (readonly [op: StepOp, sign: string, done: string])[] = [
  ["create", "+ ", "created"],
  ["update", "~ ", "updated"],
  ["delete", "- ", "deleted"],
  ["replace", "+-", "replaced"],
  ["refresh", "~ ", "refreshed"],
  ["discard", "< ", "discarded"],
  ["import", "= ", "imported"],
];

/** How many resources a run was about, as the official CLI sums it up. */
export function summaryText(summary: Summary, errors: number): string {
  const { resourceChanges, isPreview, durationSeconds } = summary;
  const counts = COUNTED.flatMap(([op, sign, done]) => {
    const count = resourceChanges[op] ?? 0;
    return count === 0 ? [] : [{ count, line: `    ${sign}${count} ${isPreview ? `to ${op}` : done}\n` }];
  });
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const sames = resourceChanges.same ?? 0;
  const pieces = [
    ...(counts.length > 1 ? [`${total} changes`] : []),
    ...(sames > 0 ? [`${sames} unchanged`] : []),
  ];
  return [
    "Resources:\n",
    ...counts.map(({ line }) => line),
    ...(pieces.length > 0 ? [`    ${pieces.join(". ")}\n`] : []),
    ...(errors > 0 ? [`    ${errors} errored\n`] : []),
    ...(isPreview ? [] : [`\nDuration: ${durationSeconds}s\n`]),
  ].join("");
}

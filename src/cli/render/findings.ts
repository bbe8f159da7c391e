import type { Finding } from "../doctor/finding.ts";
import type { CliIo } from "../verb.ts";
import { colorsFor } from "./colors.ts";
import { wrapText } from "./wrap.ts";

const SIGNS = { fine: "ok     ", notice: "notice ", broken: "BROKEN " } as const;
const COLORS = { fine: "green", notice: "yellow", broken: "red" } as const;
/** Continuation lines stand below the text, not below the sign. */
const INDENT = " ".repeat(SIGNS.fine.length + 2);

/** One finding after the other for a person: sign, what, found; then what to do. */
export function findingsText(
  findings: readonly Finding[],
  io: Pick<CliIo, "columns" | "isTerminal">,
): string {
  return findings.map((finding) => wordFinding(finding, io)).join("");
}

function wordFinding(
  { state, what, found, remedy }: Finding,
  { columns, ...io }: Pick<CliIo, "columns" | "isTerminal">,
): string {
  const paint = colorsFor(io)[COLORS[state]];
  const [first = "", ...rest] = wrapText(`${what}: ${found}`, columns - INDENT.length);
  const told = remedy === undefined ? [] : remedy.split("\n").flatMap((line) => wrapRemedy(line, columns));
  const lines = [`${paint(SIGNS[state])}${first}`, ...[...rest, ...told].map((line) => INDENT + line)];
  return lines.map((line) => `${line}\n`).join("");
}

/** A command line to copy stays whole, however wide. */
function wrapRemedy(line: string, columns: number): readonly string[] {
  return line.startsWith("pulumi ") ? [line] : wrapText(line, columns - INDENT.length);
}

import type { CliIo } from "../verb.ts";

/** Continuation lines stand this much to the right of their line. */
const HANG = "  ";

/** Text for whom it goes to: lines of a terminal's width, each broken at spaces; whole ones for a pipe or a log. */
export function fitText(
  text: string,
  { isTerminal, columns }: Pick<CliIo, "isTerminal" | "columns">,
): string {
  if (!isTerminal) return text;
  return text
    .split("\n")
    .flatMap((line) => hangLine(line, columns))
    .join("\n");
}

function hangLine(line: string, columns: number): readonly string[] {
  const indent = /^ */.exec(line)?.[0] ?? "";
  const hung = `${indent}${HANG}`;
  const [first = "", ...rest] = wrapLine(
    line.slice(indent.length),
    columns - indent.length,
    columns - hung.length,
  );
  return [`${indent}${first}`, ...rest.map((each) => `${hung}${each}`)];
}

/** Lines of at most `columns` characters, broken at spaces; a longer word stays whole on a line of its own. */
export function wrapText(text: string, columns: number): readonly string[] {
  return text.split("\n").flatMap((line) => wrapLine(line, columns, columns));
}

function wrapLine(line: string, firstColumns: number, columns: number): readonly string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ")) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (longer.length <= (lines.length === 0 ? firstColumns : columns) || current === "") current = longer;
    else {
      lines.push(current);
      current = word;
    }
  }
  return [...lines, current];
}

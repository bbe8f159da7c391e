import type { CliIo } from "../verb.ts";

/** Continuation lines stand this much to the right of their line, or below its second column where it has one. */
const HANG = 2;
/** A line's name and the gap before what is said of it. */
const FIRST_COLUMN = /^ *\S.*? {2,}(?=\S)/;

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
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  const column = FIRST_COLUMN.exec(line)?.[0].length ?? columns;
  const hang = column <= columns / 2 ? column : indent + HANG;
  const [first = "", ...rest] = wrapLine(line.slice(indent), columns - indent, columns - hang);
  return [" ".repeat(indent) + first, ...rest.map((each) => " ".repeat(hang) + each)];
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

const GAP = "  ";

/**
 * Rows of text in columns as wide as their widest cell, two spaces apart. The columns that don't fit into `columns`
 * characters stand below their row, indented: nothing is lost. A cell that is too wide by itself is cut.
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): string {
  const all = [header, ...rows];
  const widths = header.map((_, index) => Math.max(...all.map((row) => (row[index] ?? "").length)));
  const lines = breakColumns(widths, columns);
  const isSaid = (line: readonly number[], row: readonly string[]) =>
    line[0] === 0 || line.some((index) => (row[index] ?? "") !== "");
  return all
    .flatMap((row) =>
      lines.filter((line) => isSaid(line, row)).map((line) => fitLine(row, line, widths, columns)),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Indexes of the columns that share a line, for each line of a row. */
function breakColumns(widths: readonly number[], columns: number): readonly (readonly number[])[] {
  const lines: number[][] = [[]];
  let used = 0;
  for (const [index, width] of widths.entries()) {
    const line = lines.at(-1) ?? [];
    const isFirst = line.length === 0;
    if (isFirst || used + GAP.length + width <= columns) {
      line.push(index);
      used += (isFirst ? 0 : GAP.length) + width;
    } else {
      lines.push([index]);
      used = GAP.length + width;
    }
  }
  return lines;
}

function fitLine(
  row: readonly string[],
  indexes: readonly number[],
  widths: readonly number[],
  columns: number,
): string {
  const cells = indexes.map((index) => (row[index] ?? "").padEnd(widths[index] ?? 0));
  const line = `${indexes[0] === 0 ? "" : GAP}${cells.join(GAP)}`.trimEnd();
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}

const GAP = 2;

/** A table of texts as the official CLI prints it: columns as wide as their widest cell, the last as it is. */
export function table(headers: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headers, ...rows];
  const widths = headers.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  return all.map((row) => `${lineOf(row, widths)}\n`).join("");
}

function lineOf(row: readonly string[], widths: readonly number[]): string {
  const indent = " ".repeat(widths.slice(0, -1).reduce((sum, width) => sum + width + GAP, 0));
  return row
    .map((cell, column) =>
      column === row.length - 1
        ? cell.replaceAll("\n", `\n${indent}`)
        : cell.padEnd((widths[column] ?? 0) + GAP),
    )
    .join("");
}

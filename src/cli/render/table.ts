/** Rows of text in columns as wide as their widest cell, two spaces apart, cut at `columns` characters. */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  columns: number,
): string {
  const all = [header, ...rows];
  const widths = header.map((_, index) => Math.max(...all.map((row) => (row[index] ?? "").length)));
  return all.map((row) => `${fitLine(row, widths, columns)}\n`).join("");
}

function fitLine(row: readonly string[], widths: readonly number[], columns: number): string {
  const line = row
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join("  ")
    .trimEnd();
  return line.length <= columns ? line : `${line.slice(0, columns - 1)}…`;
}

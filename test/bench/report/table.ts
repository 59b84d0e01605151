type Row = readonly string[];

/** Rows as text of aligned columns under a heading; `right` has the columns that are aligned to the right. */
export function formatTable(heading: Row, rows: readonly Row[], right: readonly number[]): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) =>
    Math.max(...all.map((row) => row[column]?.length ?? 0)),
  );
  const align = (row: Row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [align(heading), rule, ...rows.map(align), ''].join('\n');
}

/** How the cells of a column stand. */
export type Alignment = 'left' | 'right';

/** Rows in columns that stand below each other; a column is on the left where nothing is said of it. */
export function textTable(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[] = [],
): readonly string[] {
  const widths = columnWidths(rows);
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return alignments[column] === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/** How wide the columns of a table are, the gaps of two between them left aside. */
export function columnWidths(rows: readonly (readonly string[])[]): readonly number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, { length }] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, length);
    }
  }
  return widths;
}

/** Lines as a text; names come over the network, so nothing in them may move the cursor of a terminal. */
export function plainText(lines: readonly string[]): string {
  return lines.map((line) => `${line.replaceAll(/\p{Cc}/gu, '?')}\n`).join('');
}

/** The lines set off from the one above them. */
export function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

/** How many columns a terminal has; `undefined` for anything that is none. */
export function terminalWidth(
  stream: object & { readonly isTTY?: boolean; readonly columns?: number },
): number | undefined {
  if (stream.isTTY !== true) return undefined;
  const { columns = 0 } = stream;
  // A terminal without a window tells none, or zero.
  return columns > 0 ? columns : 80;
}

/** How long ago it was, roughly: `3d ago`; `-` where it is not known. `now` is in ms since 1970. */
export function showAge(time: string | null, now: number): string {
  if (time === null) return '-';
  const seconds = Math.max(0, Math.floor((now - Date.parse(time)) / 1000));
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ];
  for (const [unit, length] of units) {
    if (seconds >= length) return `${Math.floor(seconds / length)}${unit} ago`;
  }
  return `${seconds}s ago`;
}

/** `1 image`, `2 images`. */
export function showNumber(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

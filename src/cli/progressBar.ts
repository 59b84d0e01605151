import { showBytes, showSpan } from './statsUnits.ts';

/** One thing that is under way; `done` and `total` are bytes, `rate` is bytes a second. */
export interface ProgressRow {
  readonly label: string;
  readonly done: number;
  /** 0 while it is not known. */
  readonly total: number;
  readonly rate?: number | undefined;
  readonly note?: string | undefined;
}

const widestBar = 30;
const narrowestBar = 8;
const brackets = '[]'.length;
// Of a longer name so much is shown before anything else is left out.
const leastOfLabel = 20;

/** What a row may tell beside its name and its share, by how much that tells. */
const columnTexts = [bytesText, rateText, leftText, noteText] as const;

const leastWidths: ReadonlyMap<unknown, number> = new Map([
  [percentText, '100 %'.length],
  [bytesText, '1023 MiB / 1023 MiB'.length],
  [rateText, '1023 KiB/s'.length],
]);

/** Rows for a terminal of so many columns, none of them longer: what there is no room for is left out. */
export function progressBars(rows: readonly ProgressRow[], columns: number): readonly string[] {
  const labels = rows.map(({ label }) => printable(label));
  const longest = Math.max(0, ...labels.map(({ length }) => length));
  for (let count = columnTexts.length; count >= 0; count -= 1) {
    const cells = aligned(rows, count);
    const room = columns - (cells[0]?.length ?? 0) - brackets - ' '.length * 2;
    if (room - narrowestBar < Math.min(longest, leastOfLabel)) continue;
    const labelWidth = Math.min(longest, room - narrowestBar);
    const barWidth = Math.min(room - labelWidth, widestBar);
    return rows.map((row, index) => {
      const label = tail(labels[index] ?? '', labelWidth).padEnd(labelWidth);
      return `${label} ${barOf(row, barWidth)} ${cells[index]}`.trimEnd();
    });
  }
  const labelWidth = Math.max(leastOfLabel / 2, columns - '100 %'.length - 1);
  return rows.map((row, index) =>
    `${tail(labels[index] ?? '', labelWidth)} ${percentText(row)}`.slice(0, Math.max(0, columns)),
  );
}

/** One row in words: `alpine:3.20 41 %, 1.2 MiB of 3.0 MiB, 512 KiB/s, 4s left`. */
export function progressText(row: ProgressRow): string {
  const amount =
    row.total > 0 ? `${showBytes(row.done)} of ${showBytes(row.total)}` : showBytes(row.done);
  const parts = [percentText(row), amount, rateText(row), leftText(row), noteText(row)];
  return printable(`${row.label} ${parts.filter((part) => part !== '').join(', ')}`);
}

/** The share and the first `count` other columns of each row, below each other. */
function aligned(rows: readonly ProgressRow[], count: number): readonly string[] {
  // The columns would jump with each figure that gains or loses a digit.
  const columns = [percentText, ...columnTexts.slice(0, count)].map((textOf) => {
    const texts = rows.map((row) => textOf(row));
    const width = Math.max(leastWidths.get(textOf) ?? 0, ...texts.map(({ length }) => length));
    return texts.map((text) => text.padStart(width));
  });
  const used = columns.filter((texts) => texts.some((text) => text.trim() !== ''));
  return rows.map((_, index) => used.map((texts) => texts[index]).join(' '));
}

function barOf(row: ProgressRow, width: number): string {
  const filled = Math.floor(shareOf(row) * width);
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}]`;
}

function shareOf({ done, total }: ProgressRow): number {
  return total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
}

// 100 % is all of it.
function percentText(row: ProgressRow): string {
  return row.total > 0 ? `${Math.floor(shareOf(row) * 100)} %` : '';
}

function bytesText({ done, total }: ProgressRow): string {
  return total > 0 ? `${showBytes(done)} / ${showBytes(total)}` : showBytes(done);
}

function rateText({ rate }: ProgressRow): string {
  return rate === undefined ? '' : `${showBytes(rate)}/s`;
}

function leftText({ done, total, rate }: ProgressRow): string {
  if (rate === undefined || rate <= 0 || total <= done) return '';
  return `${showSpan(((total - done) / rate) * 1000)} left`;
}

function noteText({ note = '' }: ProgressRow): string {
  return printable(note);
}

/** The end of a name tells more than its beginning. */
function tail(text: string, width: number): string {
  return text.length <= width ? text : `..${text.slice(text.length - width + 2)}`;
}

/** Nothing in a name may move the cursor of a terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '?');
}

import { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import { progressBars, progressText, type ProgressRow } from './progressBar.ts';

/** Where progress is shown. */
export type ProgressStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** Shows how far long work has come. */
export interface Progress {
  /** What is under way now; may be called as often as there is news. */
  update(rows: readonly ProgressRow[]): void;
  /** A line that stays. */
  line(text: string): void;
  /** The work is at its end: what was shown of work under way goes, lines stay. */
  stop(): void;
}

const barInterval = 100;
const plainInterval = 10_000;
const defaultColumns = 80;
const defaultRows = 24;

/**
 * Bars on a terminal, drawn anew at most ten times a second; anywhere else plain lines, of work under way
 * at most one every ten seconds. `now` gives milliseconds.
 */
export function createProgress(stream: ProgressStream, now: () => number): Progress {
  return stream.isTTY === true ? new Bars(stream, now) : new PlainLines(stream, now);
}

class Bars implements Progress {
  readonly #screen: Screen;
  readonly #now: () => number;
  readonly #draw: ReturnType<typeof createLogUpdate>;
  #rows: readonly ProgressRow[] = [];
  #drawnAt = -Infinity;

  constructor(stream: ProgressStream, now: () => number) {
    this.#screen = new Screen(stream);
    this.#now = now;
    // To hide the cursor it would write to another stream than this one.
    this.#draw = createLogUpdate(this.#screen, { showCursor: true });
  }

  update(rows: readonly ProgressRow[]): void {
    this.#rows = rows;
    const at = this.#now();
    if (at - this.#drawnAt < barInterval) return;
    this.#drawnAt = at;
    this.#paint();
  }

  line(text: string): void {
    this.#draw.clear();
    this.#screen.write(`${text}\n`);
    if (this.#rows.length > 0) this.#paint();
  }

  stop(): void {
    this.#rows = [];
    this.#draw.clear();
  }

  #paint(): void {
    const { columns, rows } = this.#screen;
    // A terminal that is written to its last column may or may not go on to the next line.
    const bars = progressBars(this.#rows.slice(0, rows - 1), columns - 1);
    if (bars.length > 0) this.#draw(bars.join('\n'));
    else this.#draw.clear();
  }
}

/** The terminal, with a size even when it tells none or zero, as one without a window does. */
class Screen extends Writable {
  readonly isTTY = true;
  readonly #stream: ProgressStream;

  constructor(stream: ProgressStream) {
    super({ decodeStrings: false });
    this.#stream = stream;
  }

  get columns(): number {
    const { columns = 0 } = this.#stream;
    return columns > 0 ? columns : defaultColumns;
  }

  get rows(): number {
    const { rows = 0 } = this.#stream;
    return rows > 0 ? rows : defaultRows;
  }

  override _write(text: string, _encoding: BufferEncoding, done: () => void): void {
    this.#stream.write(text);
    done();
  }
}

class PlainLines implements Progress {
  readonly #stream: ProgressStream;
  readonly #now: () => number;
  #shownAt: number;

  constructor(stream: ProgressStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
    this.#shownAt = now();
  }

  update(rows: readonly ProgressRow[]): void {
    const at = this.#now();
    if (rows.length === 0 || at - this.#shownAt < plainInterval) return;
    this.line(rows.map((row) => progressText(row)).join('; '));
    this.#shownAt = at;
  }

  line(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  stop(): void {
    // Lines stay.
  }
}

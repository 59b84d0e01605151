import type { WarmingEvent, WarmingProgress } from '../upkeep/warming/warming.ts';
import type { Progress } from './progress.ts';
import type { ProgressRow } from './progressBar.ts';
import { showBytes, showSpan } from './statsUnits.ts';
import { TransferRate } from './transferRate.ts';

/** One image that is under way. */
interface ActiveImage {
  readonly rate: TransferRate;
  row: ProgressRow;
}

/** Tells people of a warming: a row for each image under way, a line for each that is over. */
export class WarmingReport {
  readonly #progress: Progress;
  readonly #now: () => number;
  readonly #active = new Map<string, ActiveImage>();

  /** `now` gives milliseconds. */
  constructor(progress: Progress, now: () => number) {
    this.#progress = progress;
    this.#now = now;
  }

  /** Takes in the next event. */
  tell(event: WarmingEvent): void {
    if (event.kind === 'progress') {
      this.#advance(event);
      return;
    }
    if (event.kind !== 'done') this.#active.delete(event.image);
    this.#showActive();
    this.#progress.line(lineOf(event));
  }

  /** It was ended before its end; a mirror goes on with what it has begun. */
  interrupted(throughMirror: boolean): void {
    this.#active.clear();
    this.#showActive();
    const rest = throughMirror
      ? 'the mirror finishes by itself what is under way'
      : 'what is whole by now stays in the cache';
    this.#progress.line(`interrupted; ${rest}`);
  }

  /** Nothing more is coming. */
  end(): void {
    this.#progress.stop();
  }

  #advance({ image, bytes, totalBytes, fetchedBytes }: WarmingProgress): void {
    const { rate } = this.#active.get(image) ?? { rate: new TransferRate(this.#now) };
    const row = { label: image, done: bytes, total: totalBytes, rate: rate.measure(fetchedBytes) };
    this.#active.set(image, { rate, row });
    this.#showActive();
  }

  #showActive(): void {
    this.#progress.update(
      this.#active
        .values()
        .map(({ row }) => row)
        .toArray(),
    );
  }
}

function lineOf(event: Exclude<WarmingEvent, WarmingProgress>): string {
  // Reasons quote what came over the network: nothing in them may move the cursor of a terminal.
  return textOf(event).replaceAll(/\p{Cc}/gu, '?');
}

function textOf(event: Exclude<WarmingEvent, WarmingProgress>): string {
  if (event.kind === 'failed') return `failed  ${event.image}: ${event.reason}`;
  const span = showSpan(event.seconds * 1000);
  const fetched = `${showBytes(event.fetchedBytes)} fetched in ${span}`;
  if (event.kind === 'done') return `${event.warmed} warmed, ${event.failed} failed; ${fetched}`;
  const platforms = event.platforms.length === 0 ? '' : ` (${event.platforms.join(', ')})`;
  return `warmed  ${event.image}${platforms}: ${showBytes(event.bytes)}, ${fetched}`;
}

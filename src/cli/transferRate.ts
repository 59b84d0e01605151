// Shorter windows jump with every gust, longer ones still show the rate of a transfer that has stalled.
const window = 5000;
const spacing = 100;

/** How fast something that only grows has been growing of late. */
export class TransferRate {
  readonly #now: () => number;
  readonly #samples: { readonly at: number; readonly amount: number }[] = [];

  /** `now` gives milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Takes note of how much there is now; answers how much came in a second, `undefined` while nothing tells. */
  measure(amount: number): number | undefined {
    const at = this.#now();
    const samples = this.#samples;
    while (samples.length > 1 && (samples[1]?.at ?? at) <= at - window) samples.shift();
    const first = samples[0];
    const last = samples.at(-1);
    if (last === undefined || at - last.at >= spacing) samples.push({ at, amount });
    if (first === undefined || at - first.at < spacing) return undefined;
    return Math.max(0, ((amount - first.amount) / (at - first.at)) * 1000);
  }
}

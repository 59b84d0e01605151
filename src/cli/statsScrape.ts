import type { Sample } from './statsSamples.ts';

type Labels = Readonly<Record<string, string>>;

/** A scrape of a mirror, to be asked for values. */
export class Scrape {
  readonly #byName: ReadonlyMap<string, readonly Sample[]>;

  constructor(samples: readonly Sample[]) {
    this.#byName = Map.groupBy(samples, ({ name }) => name);
  }

  /**
   * The sum of the samples that have this name and, among others, these labels; `undefined` when there is
   * none or one is no number, which is how the mirror says that it could not measure.
   */
  sum(name: string, labels: Labels = {}): number | undefined {
    const values = this.#find(name, labels).map(({ value }) => value);
    if (values.length === 0) return undefined;
    const sum = values.reduce((total, value) => total + value, 0);
    return Number.isFinite(sum) ? sum : undefined;
  }

  /** The values that a label has among those samples, in the order of the scrape. */
  labelValues(name: string, label: string, labels: Labels = {}): readonly string[] {
    const values = this.#find(name, labels).flatMap((sample) => sample.labels[label] ?? []);
    return [...new Set(values)];
  }

  #find(name: string, labels: Labels): readonly Sample[] {
    const wanted = Object.entries(labels);
    const samples = this.#byName.get(name) ?? [];
    return samples.filter((sample) =>
      wanted.every(([label, value]) => sample.labels[label] === value),
    );
  }
}

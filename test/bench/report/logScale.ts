/** Where numbers above 0 are on a logarithmic axis. */
export class LogScale {
  readonly #least: number;
  readonly #perDecade: number;
  readonly #left: number;
  /** The powers of ten on it. */
  readonly ticks: readonly number[];

  /** An axis from `left` to `right` with room for all values, from one power of ten to another. */
  constructor(values: readonly number[], left: number, right: number) {
    const exponents = values.map((value) => Math.log10(value));
    const least = Math.floor(Math.min(-1, ...exponents));
    const greatest = Math.ceil(Math.max(1, ...exponents));
    this.#least = least;
    this.#left = left;
    this.#perDecade = (right - left) / (greatest - least);
    this.ticks = Array.from({ length: greatest - least + 1 }, (_, step) => 10 ** (least + step));
  }

  /** The place of a number. */
  x(value: number): number {
    return this.#left + (Math.log10(value) - this.#least) * this.#perDecade;
  }
}

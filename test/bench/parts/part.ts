import type { Lifetime } from '../../support/lifetime.ts';

/** Something that is done again and again, by itself. */
export interface PartWork {
  readonly name: string;
  /** How often one `run` does it; default: once. What takes less than the clock can tell is done many times. */
  readonly times?: number;
  /** How many bytes go through it each time, where that is what counts. */
  readonly bytes?: number;
  /** Gives back something of what it made, so that the compiler can't leave the work out. */
  readonly run: () => unknown;
  /** Comes before each `run` and is not measured. */
  readonly before?: () => void | Promise<void>;
}

/** A part of the program with what is measured of it. */
export interface Part {
  readonly name: string;
  /** Makes what the works need, which is gone when the lifetime ends. */
  works(lifetime: Lifetime): Promise<readonly PartWork[]>;
}

// Some tens of microseconds of what takes the least: the clock's own cost is below a hundredth of that.
const rounds = 100;

/** Does something a hundred times with each of the inputs; more than one keep the result from being foreseen. */
export function often<Input>(
  name: string,
  inputs: readonly Input[],
  work: (input: Input) => unknown,
): PartWork {
  const run = () => {
    let last: unknown;
    for (let round = 0; round < rounds; round += 1) {
      for (const input of inputs) last = work(input);
    }
    return last;
  };
  return { name, times: rounds * inputs.length, run };
}

/** Does as {@link often} does, one after the other. */
export function oftenAwaited<Input>(
  name: string,
  inputs: readonly Input[],
  work: (input: Input) => Promise<unknown>,
): PartWork {
  const run = async () => {
    let last: unknown;
    for (let round = 0; round < rounds; round += 1) {
      for (const input of inputs) last = await work(input);
    }
    return last;
  };
  return { name, times: rounds * inputs.length, run };
}

/** A number of bytes as the tables write it; whole KiB or MiB. */
export function showSize(bytes: number): string {
  return bytes < 1024 ** 2 ? `${bytes / 1024} KiB` : `${bytes / 1024 ** 2} MiB`;
}

/** How much is done in one run of the benchmark. */
export interface Scale {
  readonly name: 'full' | 'quick';
  readonly rounds: number;
  /** The size of the large layer. */
  readonly blobBytes: number;
  /** How long small answers are asked for, by each measurement: whole seconds. */
  readonly loadSeconds: number;
  /** How long the large layer is downloaded again and again, by each measurement. */
  readonly downloadSeconds: number;
  /** When a run is given up. */
  readonly secondsAtMost: number;
}

/** What a comparison that is to be shown needs. */
export const fullScale: Scale = {
  name: 'full',
  rounds: 5,
  blobBytes: 1024 ** 3,
  loadSeconds: 3,
  downloadSeconds: 3,
  secondsAtMost: 1800,
};

/** Enough to see whether something went wrong by a large factor. */
export const quickScale: Scale = {
  name: 'quick',
  rounds: 1,
  blobBytes: 256 * 1024 ** 2,
  loadSeconds: 2,
  downloadSeconds: 2,
  secondsAtMost: 300,
};

/** How much is done in one run of the benchmark. */
export interface Scale {
  readonly rounds: number;
  /** The size of the image's large layer. */
  readonly blobBytes: number;
  /** How long small answers are asked for, by each measurement. */
  readonly loadSeconds: number;
  /** How often one connection downloads the large layer, so that a measurement is long enough for its CPU time to be read. */
  readonly downloads: (connections: number) => number;
  /** When a run is given up. */
  readonly secondsAtMost: number;
}

/** What a comparison that is to be shown needs. */
export const fullScale: Scale = {
  rounds: 3,
  blobBytes: 1024 ** 3,
  loadSeconds: 4,
  downloads: (connections) => (connections === 1 ? 2 : 1),
  secondsAtMost: 480,
};

/** Enough to see whether something went wrong by a large factor. */
export const quickScale: Scale = {
  rounds: 1,
  blobBytes: 200_000_000,
  loadSeconds: 3,
  downloads: (connections) => (connections === 1 ? 5 : 2),
  secondsAtMost: 120,
};

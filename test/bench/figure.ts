/** Who is measured. */
export type ContenderName =
  | 'mirror'
  | 'docker-registry'
  /** Plain files, sent with `sendfile`. */
  | 'nginx'
  /** `proxy_cache` before the upstream. */
  | 'nginx-cache'
  /** A bare route that answers from memory. */
  | 'fastify'
  /** The upstream itself, nothing between. */
  | 'direct';

/** Units of what is measured. The greater the better where something is done `/s`, else the less. */
export type Unit =
  | 'req/s'
  | 'images/s'
  | 'GB/s'
  | 's'
  | 'ms'
  | 'CPU-s/GB'
  | 'cores'
  | 'MB'
  | 'GB'
  | 'GETs'
  | 'requests'
  | '%';

/** One measured number. */
export interface Figure {
  /** What was done. */
  readonly work: string;
  /** Which of the numbers that were taken meanwhile. */
  readonly measure: string;
  readonly unit: Unit;
  readonly value: number;
}

/** A figure with who it is of. */
export interface ContenderFigure extends Figure {
  readonly contender: ContenderName;
}

/** A figure with the round in which it was taken, from 1. */
export interface RoundFigure extends ContenderFigure {
  readonly round: number;
}

/** Says of whom figures are. */
export function figuresOf(contender: ContenderName, figures: readonly Figure[]): ContenderFigure[] {
  return figures.map((figure) => ({ ...figure, contender }));
}

/** The types of metric that this program has. */
export type MetricType = 'counter' | 'gauge' | 'histogram';

/** One metric, as the README describes it and as the registry is built from it. */
export interface MetricDefinition<T extends MetricType = MetricType, L extends string = string> {
  readonly type: T;
  readonly name: string;
  /** Each label with its values; none where the configuration or the answer decides. */
  readonly labels: Readonly<Record<L, readonly string[]>>;
  readonly help: string;
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
  /** A reading has no value before it was read; everything else is there from the start. */
  readonly absentUntilRead?: true;
  /** What a gauge shows before it was first set; 0 by default. */
  readonly start?: number;
}

/** Defines a counter. */
export function counter<L extends string>(
  name: string,
  labels: Record<L, readonly string[]>,
  help: string,
): MetricDefinition<'counter', L> {
  return { type: 'counter', name, labels, help };
}

/** Defines a gauge. */
export function gauge<L extends string>(
  name: string,
  labels: Record<L, readonly string[]>,
  help: string,
): MetricDefinition<'gauge', L> {
  return { type: 'gauge', name, labels, help };
}

/** Defines a histogram. */
export function histogram<L extends string>(
  name: string,
  labels: Record<L, readonly string[]>,
  buckets: readonly number[],
  help: string,
): MetricDefinition<'histogram', L> {
  return { type: 'histogram', name, labels, buckets, help };
}

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { accountName } from '../upstream/account.ts';
import type { MetricDefinition } from './metricDefinition.ts';
import { metricDefinitions } from './metricDefinitions.ts';

type InstrumentOf<D> =
  D extends MetricDefinition<'counter', infer L>
    ? Counter<L>
    : D extends MetricDefinition<'gauge', infer L>
      ? Gauge<L>
      : D extends MetricDefinition<'histogram', infer L>
        ? Histogram<L>
        : never;

/** One instrument for each of the {@link metricDefinitions}, under the same key. */
export type Instruments = {
  readonly [K in keyof typeof metricDefinitions]: InstrumentOf<(typeof metricDefinitions)[K]>;
};

/** An upstream as the metrics need to know it. */
export interface MeasuredUpstream {
  /** The name that clients use. */
  readonly host: string;
  /** The user names it is asked as; none means anonymously. */
  readonly accounts: readonly string[];
}

type LabelSet = Readonly<Record<string, string>>;

/** Registers every metric, each series whose labels are known beforehand at its first value. */
export function createInstruments(
  registry: Registry,
  upstreams: readonly MeasuredUpstream[],
): Instruments {
  const instruments = Object.entries<MetricDefinition>(metricDefinitions).map(
    ([key, definition]) => [key, createInstrument(registry, definition, upstreams)],
  );
  return Object.fromEntries(instruments) as Instruments;
}

function createInstrument(
  registry: Registry,
  definition: MetricDefinition,
  upstreams: readonly MeasuredUpstream[],
): Counter<string> | Gauge<string> | Histogram<string> {
  const { type, name, help, buckets = [], start = 0 } = definition;
  const labelNames = Object.keys(definition.labels);
  const common = { name, help, labelNames, registers: [registry] };
  const labelSets = definition.absentUntilRead ? [] : knownLabelSets(definition, upstreams);
  if (type === 'counter') {
    const instrument = new Counter(common);
    for (const labels of labelSets) instrument.inc(labels, 0);
    return instrument;
  }
  if (type === 'gauge') {
    const instrument = new Gauge(common);
    for (const labels of labelSets) instrument.set(labels, start);
    return instrument;
  }
  const instrument = new Histogram({ ...common, buckets: [...buckets] });
  for (const labels of labelSets) instrument.zero(labels);
  return instrument;
}

function knownLabelSets(
  { labels }: MetricDefinition,
  upstreams: readonly MeasuredUpstream[],
): LabelSet[] {
  let sets: LabelSet[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    sets = sets.flatMap((set) =>
      knownValues(label, values, set, upstreams).map((value) => ({ ...set, [label]: value })),
    );
  }
  return sets;
}

function knownValues(
  label: string,
  values: readonly string[],
  set: LabelSet,
  upstreams: readonly MeasuredUpstream[],
): readonly string[] {
  if (label === 'upstream' || label === 'upstream_host') return upstreams.map(({ host }) => host);
  if (label !== 'account') return values;
  const accounts = upstreams.find(({ host }) => host === set['upstream'])?.accounts ?? [];
  return accounts.length === 0 ? [accountName(undefined)] : accounts;
}

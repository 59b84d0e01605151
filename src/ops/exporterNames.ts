import { Gauge, type Registry } from 'prom-client';
import type { RateLimitReading } from '../upstream/upstreamObserver.ts';
import { metricDefinitions } from './metricDefinitions.ts';

/** A gauge of ours under the name that another exporter has for it. */
export interface ExporterName {
  readonly name: string;
  /** What of a reading it shows. */
  readonly reading: 'limit' | 'remaining' | 'windowSeconds';
  /** Its label beside `account`. */
  readonly sourceLabel: 'source' | 'source_ip';
  /** The exporters that have this name. */
  readonly exporters: readonly string[];
}

const viadee = 'viadee/docker-hub-rate-limit-exporter';
const jabley = 'jabley/dockerhub-rate-limit-exporter';
const drl = 'm47ik/drl-exporter';
const jadolg = 'jadolg/dockerhub-pull-limit-exporter';

/**
 * The names of the most used exporters of Docker Hub's limit. All are gauges, whatever the names say. The
 * first two have the label `source_ip` at viadee and jabley and none at drl-exporter, which alone has the
 * next two; the last four are those of grafana.com's dashboard 23342.
 */
export const exporterNames: readonly ExporterName[] = [
  limitName('dockerhub_limit_max_requests_total', 'limit', [viadee, jabley, drl]),
  limitName('dockerhub_limit_remaining_requests_total', 'remaining', [viadee, jabley, drl]),
  limitName('dockerhub_limit_max_requests_time', 'windowSeconds', [drl]),
  limitName('dockerhub_limit_remaining_requests_time', 'windowSeconds', [drl]),
  pullName('dockerhub_pull_limit_total', 'limit'),
  pullName('dockerhub_pull_remaining_total', 'remaining'),
  pullName('dockerhub_pull_limit_window_seconds', 'windowSeconds'),
  pullName('dockerhub_pull_remaining_window_seconds', 'windowSeconds'),
];

/** Our own metric of the same value. */
export function sameMetric({ reading }: ExporterName): string {
  const same = {
    limit: metricDefinitions.ratelimitLimit,
    remaining: metricDefinitions.ratelimitRemaining,
    windowSeconds: metricDefinitions.ratelimitWindow,
  };
  return same[reading].name;
}

/** Shows what is read of one upstream's limits under the {@link exporterNames}, for dashboards that are there. */
export class ExporterGauges {
  readonly #upstream: string;
  readonly #gauges: readonly (readonly [ExporterName, Gauge<string>])[];

  /**
   * Registers them. The upstream's name stands where the exporters show `docker-ratelimit-source`, an
   * address or an account's UUID: queries that ask for the label find it, and neither gets out.
   */
  constructor(registry: Registry, upstream: string) {
    this.#upstream = upstream;
    this.#gauges = exporterNames.map((alias) => [alias, createGauge(registry, alias)]);
  }

  /** An answer of an upstream came in; what it did not say is absent from now on. Others are ignored. */
  read(upstream: string, account: string, reading: RateLimitReading | undefined): void {
    if (upstream !== this.#upstream) return;
    for (const [alias, gauge] of this.#gauges) {
      const labels = { account, [alias.sourceLabel]: upstream };
      const value = reading?.[alias.reading];
      if (value === undefined) gauge.remove(labels);
      else gauge.set(labels, value);
    }
  }
}

function createGauge(registry: Registry, alias: ExporterName): Gauge<string> {
  return new Gauge({
    name: alias.name,
    help: `The same as ${sameMetric(alias)}, as ${alias.exporters.join(', ')} has it.`,
    labelNames: ['account', alias.sourceLabel],
    registers: [registry],
  });
}

function limitName(
  name: string,
  reading: ExporterName['reading'],
  exporters: readonly string[],
): ExporterName {
  return { name, reading, sourceLabel: 'source_ip', exporters };
}

function pullName(name: string, reading: ExporterName['reading']): ExporterName {
  return { name, reading, sourceLabel: 'source', exporters: [jadolg] };
}

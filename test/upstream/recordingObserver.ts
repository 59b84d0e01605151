import type { RateLimitReading, UpstreamObserver } from '../../src/upstream/upstreamObserver.ts';

/** An observer that keeps a line of text for everything it is told. */
export interface RecordingObserver extends UpstreamObserver {
  readonly events: readonly string[];
  /** What was read of pull limits, oldest first. */
  readonly readings: readonly (RateLimitReading | undefined)[];
  /** The events of one kind, by their first word. */
  of(kind: string): readonly string[];
}

/** An observer that has been told nothing yet. */
export function recordingObserver(): RecordingObserver {
  const events: string[] = [];
  const readings: Array<RateLimitReading | undefined> = [];
  return {
    events,
    readings,
    of: (kind) => events.filter((event) => event.startsWith(`${kind} `)),
    exchanged: (upstream, operation, status) => {
      events.push(`exchanged ${upstream} ${operation} ${status}`);
    },
    answered: (upstream, operation) => {
      events.push(`answered ${upstream} ${operation}`);
    },
    pullCounted: (upstream, account) => {
      events.push(`pull ${upstream} ${account}`);
    },
    throttled: (upstream, account, reason) => {
      events.push(`throttled ${upstream} ${account} ${reason}`);
    },
    rateLimitRead: (upstream, account, reading) => {
      const { limit, remaining, windowSeconds } = reading ?? {};
      const said = JSON.stringify({ limit, remaining, windowSeconds });
      events.push(`rate ${upstream} ${account} ${reading === undefined ? 'none' : said}`);
      readings.push(reading);
    },
    accountSetAside: (upstream, account, reason, seconds) => {
      events.push(`aside ${upstream} ${account} ${reason} ${seconds}`);
    },
    accountBack: (upstream, account) => {
      events.push(`back ${upstream} ${account}`);
    },
    credentialFailed: (upstream, account, reason) => {
      events.push(`credential ${upstream} ${account} ${reason}`);
    },
    reachable: (upstream, up) => {
      events.push(`reachable ${upstream} ${up}`);
    },
    circuitChanged: (upstream, circuit, refusal) => {
      const change = refusal === undefined ? 'closed' : `open ${refusal.milliseconds}`;
      events.push(`circuit ${upstream} ${circuit} ${change}`);
    },
  };
}

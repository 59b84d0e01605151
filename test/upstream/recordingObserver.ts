import type { UpstreamObserver } from '../../src/upstream/upstreamObserver.ts';

/** An observer that keeps a line of text for everything it is told. */
export interface RecordingObserver extends UpstreamObserver {
  readonly events: readonly string[];
  /** The events of one kind, by their first word. */
  of(kind: string): readonly string[];
}

/** An observer that has been told nothing yet. */
export function recordingObserver(): RecordingObserver {
  const events: string[] = [];
  return {
    events,
    of: (kind) => events.filter((event) => event.startsWith(`${kind} `)),
    exchanged: (upstream, operation, status) => {
      events.push(`exchanged ${upstream} ${operation} ${status}`);
    },
    pullCounted: (upstream, account) => {
      events.push(`pull ${upstream} ${account}`);
    },
    throttled: (upstream, account, reason) => {
      events.push(`throttled ${upstream} ${account} ${reason}`);
    },
    rateLimitRead: (upstream, account, reading) => {
      events.push(`rate ${upstream} ${account} ${JSON.stringify(reading) ?? 'none'}`);
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

import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

const stopSignals = ['SIGTERM', 'SIGINT'] as const;

// A mirror at the other end of a network may not hear of it; closing the connection tells it as well.
const patience = 5000;

/** Who may want to end it. */
export interface Interruptions {
  /** Where SIGTERM and SIGINT arrive: the process, but for tests. */
  readonly signals: EventEmitter;
  /** Nobody may be reading it any more. */
  readonly stdout: EventEmitter;
}

/** How it came to an end: by itself, by a signal, or because nobody reads any more, so that nothing is to be said. */
export type EventsEnd = 'ended' | 'signalled' | 'unread';

/**
 * Does something with each event until there are no more, or until SIGTERM, SIGINT or a reader that went
 * away; that ends what the events come from, in order. Says which of them it was. A second signal ends the
 * process as usual.
 */
export async function untilSignalled<Event>(
  events: AsyncIterable<Event>,
  { signals, stdout }: Interruptions,
  each: (event: Event) => void,
): Promise<EventsEnd> {
  const stopped = Promise.withResolvers<'signalled' | 'unread'>();
  const stop = (): void => stopped.resolve('signalled');
  const leave = (): void => stopped.resolve('unread');
  for (const name of stopSignals) signals.once(name, stop);
  stdout.once('error', leave);
  const iterator = events[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([stopped.promise, iterator.next()]);
      if (typeof next === 'string') break;
      if (next.done === true) return 'ended';
      each(next.value);
    }
    for (const name of stopSignals) signals.off(name, stop);
    await ended(iterator);
    return await stopped.promise;
  } finally {
    for (const name of stopSignals) signals.off(name, stop);
    stdout.off('error', leave);
  }
}

async function ended(iterator: AsyncIterator<unknown>): Promise<void> {
  const timer = new AbortController();
  const over = delay(patience, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([iterator.return?.(), over]);
  timer.abort();
}

import type { EventEmitter } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** Something that runs until it is stopped. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** What {@link runUntilSignalled} needs of its process. */
export interface LifecycleOptions {
  /** Where SIGTERM and SIGINT arrive: the process, but for tests. */
  readonly signals: EventEmitter;
  /** How long `stop` may take, in milliseconds. */
  readonly shutdownTimeout: number;
  /** Tells the operator something, in one line. */
  readonly report: (line: string) => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}

// Under `npm start` a Ctrl-C arrives twice: from the terminal, and passed on by npm.
const echoWindow = 500;

const stopSignals = ['SIGTERM', 'SIGINT'] as const;

// Node fires timers with a longer delay at once.
const longestDelay = 2 ** 31 - 1;

/**
 * Starts something and keeps it running until SIGTERM or SIGINT, then stops it. Settles with the exit
 * code: 0 when it stopped by itself in time, 1 when the time was over. A second signal exits with 1 at
 * once. A signal during the start takes effect when the start is over. A failed start rejects.
 */
export async function runUntilSignalled(
  start: () => Promise<Stoppable>,
  options: LifecycleOptions,
): Promise<number> {
  const first = Promise.withResolvers<void>();
  let last: { readonly signal: string; readonly at: number } | undefined;
  const onSignal = (signal: string): void => {
    const at = options.now();
    if (last?.signal === signal && at - last.at < echoWindow) return;
    if (last !== undefined) options.exit(1);
    last = { signal, at };
    first.resolve();
  };
  for (const signal of stopSignals) options.signals.on(signal, onSignal);
  try {
    const running = await start();
    await first.promise;
    return await stopInTime(running, options);
  } finally {
    for (const signal of stopSignals) options.signals.off(signal, onSignal);
  }
}

async function stopInTime(running: Stoppable, options: LifecycleOptions): Promise<number> {
  const timer = new AbortController();
  const milliseconds = Math.min(options.shutdownTimeout, longestDelay);
  const stopped = running.stop().then(() => true);
  const timedOut = delay(milliseconds, false, { signal: timer.signal }).catch(() => false);
  try {
    if (await Promise.race([stopped, timedOut])) return 0;
    options.report('not everything could be finished within shutdownTimeout: the rest is cut off');
    return 1;
  } finally {
    timer.abort();
  }
}

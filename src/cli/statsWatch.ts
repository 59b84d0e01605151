import type { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** What {@link watch} needs. */
export interface WatchOptions {
  /** Where SIGTERM and SIGINT arrive: the process, but for tests. */
  readonly signals: EventEmitter;
  readonly stdout: Writable;
  /** Milliseconds between two blocks. */
  readonly interval: number;
  /** The next block, in lines; rejects when there is no more to show. */
  readonly read: (signal: AbortSignal) => Promise<readonly string[]>;
}

const stopSignals = ['SIGTERM', 'SIGINT'] as const;

const clearScreen = '\u001B[2J';
const home = '\u001B[H';
const clearLine = '\u001B[K';
const clearBelow = '\u001B[J';

/**
 * Shows a block again and again, until a signal or until nobody reads. A terminal is painted over;
 * anywhere else one block comes after the other, an empty line between them where they have several lines.
 */
export async function watch({ signals, stdout, interval, read }: WatchOptions): Promise<void> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  for (const signal of stopSignals) signals.once(signal, stop);
  stdout.once('error', stop);
  const { signal } = stopped;
  try {
    for (let first = true; !signal.aborted; first = false) {
      const lines = await read(signal);
      stdout.write(isTerminal(stdout) ? painted(lines, first) : block(lines, first));
      await delay(interval, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    for (const name of stopSignals) signals.off(name, stop);
    stdout.off('error', stop);
  }
}

function isTerminal(stdout: Writable & { readonly isTTY?: boolean }): boolean {
  return stdout.isTTY === true;
}

// Painting over what is there, instead of clearing it first, does not flicker.
function painted(lines: readonly string[], first: boolean): string {
  const text = lines.map((line) => `${line}${clearLine}\n`).join('');
  return `${first ? clearScreen : ''}${home}${text}${clearBelow}`;
}

function block(lines: readonly string[], first: boolean): string {
  const gap = first || lines.length === 1 ? '' : '\n';
  return `${gap}${lines.join('\n')}\n`;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** How a mirror answered while it was made to do something. */
export interface Watched {
  /** Seconds that the work took. */
  readonly seconds: number;
  /** The longest that a client waited for an answer meanwhile, in milliseconds. */
  readonly longestAnswer: number;
  readonly answers: number;
  /** The longest that the event loop of the mirror was held up, in milliseconds. */
  readonly longestLag: number;
}

// Milliseconds between two requests of a client that looks how long they take.
const askEvery = 4;

/**
 * Does something while a client asks for what the mirror holds every few milliseconds, without waiting for
 * one answer before it asks again.
 */
export async function watch(
  { url, opsUrl, path }: { readonly url: string; readonly opsUrl: string; readonly path: string },
  work: () => Promise<void>,
): Promise<Watched> {
  const dispatcher = new Agent({ connections: 16, pipelining: 1 });
  const times: number[] = [];
  const ask = async (): Promise<void> => {
    const begun = performance.now();
    const { statusCode, body } = await request(`${url}${path}`, { dispatcher });
    await body.dump();
    if (statusCode !== 200) throw new Error(`${path}: ${statusCode}`);
    times.push(performance.now() - begun);
  };
  try {
    for (let warm = 0; warm < 50; warm += 1) await ask();
    await readLag(opsUrl);
    times.length = 0;
    const begun = performance.now();
    const asked: Promise<void>[] = [];
    const over = new AbortController();
    const working = work().finally(() => over.abort());
    while (!over.signal.aborted) {
      asked.push(ask());
      await sleep(askEvery);
    }
    await working;
    const seconds = (performance.now() - begun) / 1000;
    await Promise.all(asked);
    const longestAnswer = times.reduce((most, time) => Math.max(most, time), 0);
    return { seconds, longestAnswer, answers: times.length, longestLag: await readLag(opsUrl) };
  } finally {
    await dispatcher.close();
  }
}

/** The longest lag of the mirror's event loop since this was asked the last time, in milliseconds. */
async function readLag(opsUrl: string): Promise<number> {
  const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
  const [, seconds] = /^nodejs_eventloop_lag_max_seconds\S* ([\d.e+-]+)$/m.exec(metrics) ?? [];
  return Number(seconds) * 1000;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { BodyClients } from '../load/bodyClients.ts';
import type { BodyRequest } from '../load/bodyClient.ts';

/** A hit that is asked for again and again. */
export interface Hit {
  readonly name: string;
  readonly path: string;
  readonly request?: () => BodyRequest;
}

/** How long clients waited until they had all of an answer, in milliseconds. */
export interface Waits {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
  readonly answers: number;
}

// Milliseconds between two requests for the same. They are on connections that are free, or on new ones:
// an answer that takes long doesn't keep the next client from asking, unless so many wait already.
const askEvery = 8;
const waitingAtMost = 16;
const secondsBefore = 0.3;

/**
 * Asks for each of several hits every few milliseconds, for so many seconds. What isn't answered in the
 * end counts as answered then.
 */
export async function watchHits(
  url: string,
  hits: readonly Hit[],
  seconds: number,
): Promise<Map<Hit, Waits>> {
  const watched = hits.map((hit) => new WatchedHit(url, hit));
  try {
    // The first requests on a connection take longer than those after them.
    await askAll(watched, secondsBefore);
    for (const hit of watched) hit.forget();
    await askAll(watched, seconds);
    return new Map(watched.map((one) => [one.hit, one.summary()]));
  } finally {
    for (const hit of watched) hit[Symbol.dispose]();
  }
}

async function askAll(hits: readonly WatchedHit[], seconds: number): Promise<void> {
  const over = performance.now() + seconds * 1000;
  while (performance.now() < over) {
    for (const hit of hits) {
      hit.ask();
      await sleep(askEvery / hits.length);
    }
  }
}

class WatchedHit implements Disposable {
  readonly hit: Hit;
  readonly #clients: BodyClients;
  #waits: number[] = [];
  readonly #begun = new Set<number>();
  #failure: unknown;

  constructor(url: string, hit: Hit) {
    this.hit = hit;
    this.#clients = new BodyClients(url);
  }

  ask(): void {
    if (this.#begun.size < waitingAtMost) void this.#ask(performance.now());
  }

  forget(): void {
    this.#waits = [];
  }

  /** @throws what kept a client from its answer */
  summary(): Waits {
    if (this.#failure !== undefined) throw this.#failure;
    const now = performance.now();
    const all = [...this.#waits, ...[...this.#begun].map((begun) => now - begun)];
    const sorted = all.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
    return { median: at(0.5), p99: at(0.99), longest: at(1), answers: sorted.length };
  }

  [Symbol.dispose](): void {
    this.#clients[Symbol.dispose]();
  }

  async #ask(begun: number): Promise<void> {
    this.#begun.add(begun);
    try {
      const { doneAfter } = await this.#clients.get(this.hit.path, this.hit.request?.());
      this.#waits.push(doneAfter);
    } catch (error) {
      this.#failure ??= error;
    } finally {
      this.#begun.delete(begun);
    }
  }
}

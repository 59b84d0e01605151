import type { RateLimitReading } from './upstreamObserver.ts';

/** When an answer was asked for, and whether its request counts as a pull. */
export interface ReadingContext {
  /** In milliseconds of the monotonic clock. */
  readonly askedAt: number;
  readonly isPull: boolean;
}

/** The clocks of a {@link PullQuota}, in milliseconds: a monotonic one, and the time since 1970. */
export interface QuotaClocks {
  readonly now: () => number;
  readonly wallNow: () => number;
}

interface Reading {
  readonly limit: number | undefined;
  readonly remaining: number;
  readonly source: string | undefined;
  /** In milliseconds. */
  readonly window: number;
  readonly isWindowStated: boolean;
  readonly readAt: number;
  /** When the window was first seen, which is no earlier than it began. */
  readonly seenAt: number;
}

// Docker Hub's, for when an answer names none.
const usualWindow = 21_600_000;

/**
 * What is left of one party's pulls. Others draw on the same limit, so a reading is the truth; between
 * two of them the pulls of this mirror are subtracted.
 *
 * No registry says when its window ends. One that is seen part used began no later than then, and so ends
 * one window's length later at the latest. It is taken for a new one when more is left than was read
 * before, after a full one, when the source is another, and when its end has passed.
 */
export class PullQuota {
  readonly #clocks: QuotaClocks;
  #reading: Reading | undefined;
  /** Pulls since the last reading. */
  #spent = 0;
  #inFlight = 0;
  #isShown = false;

  constructor(clocks: QuotaClocks) {
    this.#clocks = clocks;
  }

  /** Pulls that are left, those under way taken off; `Infinity` while nothing is known. */
  get left(): number {
    const reading = this.#reading;
    if (reading === undefined) return Infinity;
    const left = this.resetsIn === undefined ? reading.limit : reading.remaining - this.#spent;
    return Math.max(0, (left ?? Infinity) - this.#inFlight);
  }

  /** Milliseconds until the window ends at the latest; `undefined` when that has passed or nothing is known. */
  get resetsIn(): number | undefined {
    if (this.#reading === undefined) return undefined;
    const left = this.#reading.seenAt + this.#reading.window - this.#clocks.now();
    return left > 0 ? left : undefined;
  }

  /** Whether nothing is left of the window that was read. */
  get isUsedUp(): boolean {
    if (this.#reading === undefined || this.resetsIn === undefined) return false;
    return this.#reading.remaining <= this.#spent;
  }

  /** Whether the last answer told what is left. */
  get isShown(): boolean {
    return this.#isShown;
  }

  /** When the last reading was taken, in milliseconds of the monotonic clock; `undefined` when nothing is known. */
  get readAt(): number | undefined {
    return this.#reading?.readAt;
  }

  /** A pull is on its way. It must be ended, by {@link pullEnded}, once. */
  pullBegan(): void {
    this.#inFlight += 1;
  }

  /** A pull is over, whatever came of it. */
  pullEnded(): void {
    this.#inFlight -= 1;
  }

  /** Takes in what an answer said, `undefined` when it said nothing, and returns what is known since. */
  read(said: RateLimitReading | undefined, context: ReadingContext): RateLimitReading | undefined {
    this.#isShown = said?.remaining !== undefined;
    if (said?.remaining !== undefined) this.#take(said, said.remaining, context);
    else if (context.isPull) this.#spent += 1;
    // It outlived its window without a new one: the account may have lost its limit.
    if (this.resetsIn === undefined && said?.remaining === undefined) this.#forget();
    return this.#known() ?? said;
  }

  #take(said: RateLimitReading, remaining: number, { askedAt }: ReadingContext): void {
    const last = this.#reading;
    // Answers overtake each other: an older one that shows more is no new window.
    if (last !== undefined && askedAt < last.readAt && remaining > last.remaining) return;
    const now = this.#clocks.now();
    const window = said.windowSeconds === undefined ? undefined : said.windowSeconds * 1000;
    const goesOn =
      last !== undefined &&
      this.resetsIn !== undefined &&
      remaining <= last.remaining &&
      last.remaining !== last.limit &&
      !(said.source !== undefined && last.source !== undefined && said.source !== last.source);
    this.#reading = {
      limit: said.limit ?? last?.limit,
      remaining,
      source: said.source ?? last?.source,
      window: window ?? usualWindow,
      isWindowStated: window !== undefined,
      readAt: now,
      seenAt: goesOn ? last.seenAt : now,
    };
    this.#spent = 0;
  }

  #forget(): void {
    this.#reading = undefined;
    this.#spent = 0;
  }

  #known(): RateLimitReading | undefined {
    const reading = this.#reading;
    const resetsIn = this.resetsIn;
    if (reading === undefined || resetsIn === undefined) return undefined;
    const { limit, remaining, source, window, isWindowStated } = reading;
    return {
      ...(limit === undefined ? {} : { limit }),
      remaining: Math.max(0, remaining - this.#spent),
      ...(isWindowStated ? { windowSeconds: window / 1000 } : {}),
      ...(source === undefined ? {} : { source }),
      resetAt: this.#clocks.wallNow() + resetsIn,
    };
  }
}

import { Cron } from 'croner';
import type { ImageWarmed, WarmingDone, WarmingEvent, WarmingFailed } from './warming.ts';
import type { Warmer } from './warmer.ts';
import { reasonOf } from './warmingFailure.ts';

/** Images that are warmed at certain times. */
export interface ScheduledWarming {
  readonly images: readonly string[];
  readonly platforms: readonly string[];
  /** Five fields as cron has them, by the time zone of the process, or a nickname such as `@daily`. */
  readonly schedule: string;
}

/** What a {@link WarmSchedule} tells of. */
export interface WarmScheduleObserver {
  warmed(event: ImageWarmed): void;
  failed(event: WarmingFailed): void;
  done(event: WarmingDone): void;
}

/** Warms images again and again, each list at its times. One that is still going on is not begun anew. */
export class WarmSchedule {
  readonly #entries: readonly ScheduledWarming[];
  readonly #warmer: Pick<Warmer, 'warm'>;
  readonly #observer: WarmScheduleObserver;
  readonly #stopping = new AbortController();
  readonly #running = new Map<ScheduledWarming, Promise<void>>();
  #jobs: readonly Cron[] = [];

  constructor(
    entries: readonly ScheduledWarming[],
    warmer: Pick<Warmer, 'warm'>,
    observer: WarmScheduleObserver,
  ) {
    this.#entries = entries;
    this.#warmer = warmer;
    this.#observer = observer;
  }

  /**
   * Waits for the times from now on; nothing is warmed at once.
   * @throws for what is no schedule
   */
  start(): void {
    // A mirror that is told to stop does not wait for the next time.
    const options = { mode: '5-part', unref: true } as const;
    this.#jobs = this.#entries.map(
      (entry) => new Cron(entry.schedule, options, () => void this.run(entry)),
    );
  }

  /** Settles when nothing is being warmed any more; what is under way begins nothing new. */
  async stop(): Promise<void> {
    for (const job of this.#jobs) job.stop();
    this.#stopping.abort();
    await Promise.all(this.#running.values());
  }

  /** Warms the images of one entry now, or joins it where it is being done. Never rejects. */
  run(entry: ScheduledWarming): Promise<void> {
    const running = this.#running.get(entry);
    if (running !== undefined) return running;
    const run = this.#run(entry).finally(() => this.#running.delete(entry));
    this.#running.set(entry, run);
    return run;
  }

  async #run(entry: ScheduledWarming): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    try {
      for await (const event of this.#warmer.warm(entry, signal)) this.#tell(event);
    } catch (error) {
      if (signal.aborted) return;
      const reason = reasonOf(error);
      for (const image of entry.images) this.#observer.failed({ kind: 'failed', image, reason });
    }
  }

  #tell(event: WarmingEvent): void {
    if (event.kind === 'warmed') this.#observer.warmed(event);
    else if (event.kind === 'failed') this.#observer.failed(event);
    else if (event.kind === 'done') this.#observer.done(event);
  }
}

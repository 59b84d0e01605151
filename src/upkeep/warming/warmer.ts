import { ImageWarming } from './imageWarming.ts';
import { machinePlatform } from './machinePlatform.ts';
import { PlatformChoice } from './platformChoice.ts';
import { ReportedWork } from '../reportedWork.ts';
import { Slots } from './slots.ts';
import type { WarmerParts } from './warmerParts.ts';
import type { WarmingEvent, WarmingOptions } from './warming.ts';
import { WarmingRun } from './warmingRun.ts';

/** What a {@link Warmer} works with; the waiting may be left out. */
export type WarmerOptions = Omit<WarmerParts, 'retryDelays'> & Partial<WarmerParts>;

const defaultRetryDelays = [1000, 5000];
const blobsAtOnce = 3;

/**
 * Fetches images before anybody asks for them, as a client would: by the same fills, with the same accounts
 * and their reserve, and only what is served to everybody.
 */
export class Warmer {
  readonly #parts: WarmerParts;
  /** Shared by all that is warmed, so that clients have the most of the line. */
  readonly #blobSlots = new Slots(blobsAtOnce);

  constructor(options: WarmerOptions) {
    this.#parts = { retryDelays: defaultRetryDelays, ...options };
  }

  /**
   * Begins when the first event is asked for. An image that fails does not stop the others. When nobody
   * iterates any more, or `signal` aborts, nothing new is begun; fills under way belong to the cache.
   * @throws {UpkeepError} `invalid` for what is no platform, while it is iterated
   */
  warm(options: WarmingOptions, signal?: AbortSignal): AsyncIterable<WarmingEvent> {
    return new ReportedWork<WarmingEvent>(async (report, stopped) => {
      const choice = new PlatformChoice(options.platforms, machinePlatform(process.arch));
      const images = [...new Set(options.images)].map(
        (image) => new ImageWarming(image, this.#parts, choice, this.#blobSlots),
      );
      await new WarmingRun(images, this.#parts.monotonicNow, report, stopped).run();
    }, signal);
  }
}

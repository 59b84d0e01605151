import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { createVerificationObserver } from '../ops/loggedObservers.ts';
import type { Metrics } from '../ops/metrics.ts';
import { Housekeeping, type HousekeepingObserver } from '../upkeep/housekeeping.ts';
import { Scrub, type ScrubObserver } from '../upkeep/verification/scrub.ts';
import { WarmSchedule, type WarmScheduleObserver } from '../upkeep/warming/warmSchedule.ts';
import { monotonicNow, type MirrorReports, type OpenedMirror } from './openMirror.ts';

/** What a running mirror does for its cache without being asked. */
export interface BackgroundWork {
  /** How far the scrub has come; `undefined` where there is none. */
  readonly scrub: Pick<Scrub, 'progress' | 'lastCompletedAt'> | undefined;
  /** Settles when it is known what must not be evicted. */
  start(): Promise<void>;
  /** Settles when nothing of it is under way. */
  stop(): Promise<void>;
}

/** Puts together what is done in the background; begins nothing yet. */
export function createBackgroundWork(
  configuration: Configuration,
  opened: OpenedMirror,
  { logger, metrics }: MirrorReports,
): BackgroundWork {
  const { storage, warm } = configuration;
  const failed = (error: unknown): void => opened.failures.report(error);
  const { pins, garbage, verifier, warmer } = opened.parts;
  const housekeeping = new Housekeeping({
    blobs: opened.store.blobs,
    pins,
    garbage,
    maxIdle: storage.maxIdle,
    now: Date.now,
    observer: { ...housekeepingObserver(logger), failed },
  });
  const scrub =
    storage.scrubInterval === undefined
      ? undefined
      : new Scrub({
          store: opened.store,
          verifier,
          rate: storage.scrubRate,
          interval: storage.scrubInterval,
          now: Date.now,
          monotonicNow,
          observer: { ...scrubObserver(metrics, logger), failed },
        });
  const schedule = new WarmSchedule(warm, warmer, warmObserver(metrics, logger));
  const works = [housekeeping, schedule, ...(scrub === undefined ? [] : [scrub])];
  return {
    scrub,
    start: async () => {
      await housekeeping.start();
      schedule.start();
      scrub?.start();
    },
    stop: async () => {
      await Promise.all(works.map((work) => work.stop()));
    },
  };
}

function housekeepingObserver(logger: Logger): Omit<HousekeepingObserver, 'failed'> {
  return {
    pinsExceed: ({ bytes, needed, room }) =>
      logger.warn(
        { neededBytes: needed, roomBytes: room, pinnedBytes: bytes },
        'what storage.pin names needs more room than the cache has: what is held of it stays, and little else can be kept; take patterns out, raise storage.maxSize or make room on the disk',
      ),
  };
}

function scrubObserver(metrics: Metrics, logger: Logger): Omit<ScrubObserver, 'failed'> {
  return {
    ...createVerificationObserver(metrics, logger),
    passCompleted: () => logger.info('all that is held has been hashed anew'),
  };
}

function warmObserver(metrics: Metrics, logger: Logger): WarmScheduleObserver {
  return {
    warmed({ image, platforms, bytes, fetchedBytes, seconds }) {
      metrics.imageWarmed('warmed');
      logger.info({ image, platforms, bytes, fetchedBytes, seconds }, 'an image is warm');
    },
    failed({ image, reason }) {
      metrics.imageWarmed('failed');
      logger.warn({ image, reason }, 'an image could not be warmed');
    },
    done: ({ warmed, failed: unwarmed, fetchedBytes, seconds }) =>
      logger.info({ warmed, failed: unwarmed, fetchedBytes, seconds }, 'warming has ended'),
  };
}

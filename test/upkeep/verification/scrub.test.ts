import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Digest } from '../../../src/registry/digest.ts';
import type { BlobStore } from '../../../src/store/blobStore.ts';
import { Scrub, type ScrubOptions } from '../../../src/upkeep/verification/scrub.ts';
import type { VerifiedStore } from '../../../src/upkeep/verification/verificationPass.ts';
import { Verifier } from '../../../src/upkeep/verification/verifier.ts';
import { fillBlob, openTestStore, uniqueBlob, type TestStore } from '../../store/testStore.ts';
import { lastFirst, type Lifetime } from '../../support/lifetime.ts';
import { rot } from './damage.ts';
import { sleepingClock, type SleepingClock } from './sleepingClock.ts';

const mebibyte = 1024 * 1024;
const hour = 3_600_000;
const week = 7 * 24 * hour;

/** A scrub with what it did; its clock moves on by what it sleeps. */
interface Scrubbing {
  readonly scrub: Scrub;
  readonly clock: SleepingClock;
  readonly seen: readonly Digest[];
  readonly damaged: readonly Digest[];
  readonly failed: readonly unknown[];
  /** When each pass ended, in ms since it was started. */
  readonly completed: readonly number[];
  /** The bytes that were hashed. */
  readonly scrubbed: () => number;
}

interface ScrubSettings extends Partial<ScrubOptions> {
  readonly clock?: SleepingClock;
  /** It is stopped after so many passes. Default: 1. */
  readonly passes?: number;
  /** Called before each blob. */
  readonly before?: (digest: Digest, count: number, scrubbing: Scrubbing) => Promise<void> | void;
}

function verifierOf(store: VerifiedStore, now: () => number): Verifier {
  return new Verifier({
    store,
    now,
    monotonicNow: now,
    failed: assert.ifError,
    observer: { scrubbed: () => undefined, damageFound: () => undefined },
  });
}

/** Scrubs a store until so many passes are done, or until {@link ScrubSettings.before} stops it. */
function startScrub({ store, blobs }: TestStore, settings: ScrubSettings = {}): Promise<Scrubbing> {
  const { clock = sleepingClock(), passes = 1, ...options } = settings;
  const seen: Digest[] = [];
  const damaged: Digest[] = [];
  const failed: unknown[] = [];
  const completed: number[] = [];
  const begin = clock.now();
  let bytes = 0;
  const ended = Promise.withResolvers<Scrubbing>();
  const verify: BlobStore['verify'] = async (digest, pace) => {
    await settings.before?.(digest, seen.length, scrubbing);
    seen.push(digest);
    return blobs.verify(digest, pace);
  };
  const scrub = new Scrub({
    store: { blobs: { held: () => blobs.held(), verify }, catalog: store.catalog },
    verifier: { idle: async () => undefined },
    rate: 16 * mebibyte,
    interval: week,
    now: clock.now,
    monotonicNow: clock.now,
    sleep: clock.sleep,
    measureLoop: () => () => 0,
    observer: {
      scrubbed: (amount) => (bytes += amount),
      damageFound: (digest) => damaged.push(digest),
      failed: (error) => failed.push(error),
      passCompleted: (at) => {
        completed.push(at - begin);
        if (completed.length === passes) ended.resolve(stopped());
      },
    },
    ...options,
  });
  const scrubbing = { scrub, clock, seen, damaged, failed, completed, scrubbed: () => bytes };
  const stopped = async (): Promise<Scrubbing> => {
    await scrub.stop();
    return scrubbing;
  };
  scrub.start();
  return ended.promise;
}

async function openHolding(t: Lifetime, count: number, size: number): Promise<TestStore> {
  const opened = await openTestStore(t);
  for (let made = 0; made < count; made += 1) await fillBlob(opened.blobs, uniqueBlob(size));
  return opened;
}

function heldBy({ blobs }: TestStore): Digest[] {
  return Array.from(blobs.held(), ([digest]) => digest).toSorted();
}

/** Scrubs until so many blobs have been looked at. */
async function scrubSome(opened: TestStore, count: number, settings: ScrubSettings = {}) {
  const reached = Promise.withResolvers<Scrubbing>();
  void startScrub(opened, {
    ...settings,
    before: async (_, seen, scrubbing) => {
      if (seen < count) return;
      // Stopping waits for what is under way, and this is.
      const stopping = scrubbing.scrub.stop();
      reached.resolve(stopping.then(() => scrubbing));
      throw new Error('stopped');
    },
  });
  return reached.promise;
}

describe('a scrub', () => {
  test('hashes all that is held, and says how many bytes', async (t) => {
    const opened = await openHolding(t, 20, 1000);
    const { seen, damaged, scrubbed, scrub, clock } = await startScrub(opened);
    assert.deepEqual(seen, heldBy(opened));
    assert.deepEqual([damaged, scrubbed()], [[], 20_000]);
    assert.equal(scrub.lastCompletedAt, clock.now());
  });

  test('finds damage', async (t) => {
    const opened = await openHolding(t, 20, 1000);
    const digest = heldBy(opened)[7] ?? assert.fail();
    await rot(opened.layout.blobFile(digest), 500);
    const { damaged } = await startScrub(opened);
    assert.deepEqual(damaged, [digest]);
    assert.deepEqual(opened.evicted, ['1000 corrupt']);
  });

  test('begins its passes an interval apart', async (t) => {
    const opened = await openHolding(t, 4, mebibyte);
    const { completed } = await startScrub(opened, { passes: 3, rate: 500 });
    assert.deepEqual(
      completed.map((at) => Math.floor(at / hour)),
      [1, 7 * 24 + 1, 14 * 24 + 1],
    );
  });

  test('does one pass after the other where they take longer than the interval', async (t) => {
    const opened = await openHolding(t, 4, 2 * mebibyte);
    const rate = mebibyte / 10;
    const { completed } = await startScrub(opened, { passes: 3, rate, interval: 1000 });
    const taken = completed.map((at, index) => at - (completed[index - 1] ?? 0));
    for (const milliseconds of taken) {
      assert.ok(milliseconds >= 69_000 && milliseconds <= 81_000, `${milliseconds} ms`);
    }
  });

  test('reads no more than its rate', async (t) => {
    const opened = await openHolding(t, 8, 4 * mebibyte);
    const { completed } = await startScrub(opened, { rate: 4 * mebibyte });
    const [milliseconds = 0] = completed;
    assert.ok(milliseconds >= 7_600 && milliseconds <= 8_500, `${milliseconds} ms`);
  });

  test('waits while the event loop is busy', async (t) => {
    const opened = await openHolding(t, 4, mebibyte);
    let looks = 0;
    const measureLoop = () => () => {
      looks += 1;
      return looks % 10 === 0 ? 0 : 1;
    };
    await startScrub(opened, { measureLoop });
    assert.equal(looks, 40);
  });

  test('waits while somebody has the store verified', async (t) => {
    const opened = await openHolding(t, 4, 1000);
    const { store } = opened;
    const clock = sleepingClock();
    const verifier = verifierOf(store, clock.now);
    const events = verifier.verify({});
    await events.next();
    let isDone = false;
    const scrubbing = startScrub(opened, { verifier }).then((result) => {
      assert.ok(isDone, 'it did not wait');
      return result;
    });
    for await (const event of events) if (event.kind === 'done') isDone = true;
    assert.equal((await scrubbing).seen.length, 4);
  });

  test('that waits for a verification is stopped at once', async (t) => {
    const { store } = await openHolding(t, 4, 1000);
    const now = sleepingClock().now;
    const verifier = verifierOf(store, now);
    const events = verifier.verify({});
    await events.next();
    const stopping = new AbortController();
    const idle = verifier.idle(stopping.signal);
    stopping.abort(new Error('stop'));
    await assert.rejects(idle, /stop/);
    await events.return?.();
  });

  test('shows how much of a pass is done, and none between two', async (t) => {
    const opened = await openHolding(t, 10, 1000);
    const shares: number[] = [];
    const { scrub } = await startScrub(opened, {
      before: (_, count, scrubbing) => void (shares[count] = scrubbing.scrub.progress),
    });
    assert.deepEqual(
      shares.map((share) => share.toFixed(1)),
      ['0.0', '0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.7', '0.8', '0.9'],
    );
    assert.equal(scrub.progress, 0);
  });

  test('goes on after a while when the store could not be read', async (t) => {
    const opened = await openHolding(t, 4, 1000);
    let failures = 0;
    const { seen, failed, damaged, clock } = await startScrub(opened, {
      before: (_, count) => {
        if (count !== 2 || failures === 4) return;
        failures += 1;
        throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      },
    });
    assert.deepEqual(seen, heldBy(opened));
    assert.deepEqual([failed.length, damaged], [1, []]);
    assert.ok(clock.slept.includes(60_000));
  });
});

describe('a scrub of another process', () => {
  test('goes on where this one was stopped', async (t) => {
    const lifetime = lastFirst(t);
    const opened = await openHolding(lifetime, 10, 1000);
    await scrubSome(opened, 4);
    await opened.close();
    const next = await openTestStore(lifetime, { directory: opened.layout.directory });
    assert.deepEqual((await startScrub(next)).seen, heldBy(next).slice(4));
  });

  test('knows when the last pass ended, and waits until the next one is due', async (t) => {
    const opened = await openHolding(t, 4, 1000);
    const clock = sleepingClock();
    const { scrub } = await startScrub(opened, { clock });
    clock.now.advance(5 * 24 * hour);
    let known: number | undefined;
    const before: ScrubSettings['before'] = (_digest, _count, scrubbing) => {
      known = scrubbing.scrub.lastCompletedAt;
    };
    const { completed } = await startScrub(opened, { clock, before });
    assert.equal(known, scrub.lastCompletedAt);
    assert.equal(Math.floor((completed[0] ?? 0) / hour), 2 * 24);
  });

  test('still knows when the last pass ended after a later one was interrupted', async (t) => {
    const opened = await openHolding(t, 4, 1000);
    const clock = sleepingClock();
    const { scrub } = await startScrub(opened, { clock });
    clock.now.advance(week);
    await scrubSome(opened, 2, { clock });
    let known: number | undefined;
    const before: ScrubSettings['before'] = (_digest, _count, scrubbing) => {
      known = scrubbing.scrub.lastCompletedAt;
    };
    await startScrub(opened, { clock, before });
    assert.equal(known, scrub.lastCompletedAt);
  });

  test('is due after an interval even when the clock was set back', async (t) => {
    const opened = await openHolding(t, 4, 1000);
    const clock = sleepingClock();
    await startScrub(opened, { clock });
    clock.now.advance(-1000 * week);
    const { completed } = await startScrub(opened, { clock });
    assert.equal(Math.floor((completed[0] ?? 0) / week), 1);
  });
});

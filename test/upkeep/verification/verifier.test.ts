import assert from 'node:assert/strict';
import { cp, readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import type { Digest } from '../../../src/registry/digest.ts';
import type { BlobStore } from '../../../src/store/blobStore.ts';
import { UpkeepError } from '../../../src/upkeep/upkeepError.ts';
import type {
  DamageFound,
  VerificationDone,
  VerificationEvent,
  VerificationOptions,
} from '../../../src/upkeep/verification/verification.ts';
import type { VerificationObserver } from '../../../src/upkeep/verification/verificationObserver.ts';
import { Verifier, type VerifierOptions } from '../../../src/upkeep/verification/verifier.ts';
import { fillBlob, openTestStore, uniqueBlob, type TestStore } from '../../store/testStore.ts';
import { generatedBlob, type BlobContent } from '../../support/blobContent.ts';
import { lastFirst, type Lifetime } from '../../support/lifetime.ts';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';
import { cut, lose, rot } from './damage.ts';
import { sleepingClock, type SleepingClock } from './sleepingClock.ts';

const mebibyte = 1024 * 1024;

interface Held extends TestStore {
  /** In the order in which they are verified. */
  readonly contents: readonly BlobContent[];
}

/** A store that holds so many blobs of these sizes. */
async function openHolding(
  t: Lifetime,
  sizes: readonly number[],
  options: Parameters<typeof openTestStore>[1] = {},
): Promise<Held> {
  const opened = await openTestStore(t, options);
  const contents = sizes.map((size) => uniqueBlob(size));
  for (const content of contents) await fillBlob(opened.blobs, content);
  const sorted = contents.toSorted((one, other) => (one.digest < other.digest ? -1 : 1));
  return { ...opened, contents: sorted };
}

function sizesOf(count: number, size: number): readonly number[] {
  return Array.from({ length: count }, () => size);
}

interface VerifierSettings extends Partial<VerifierOptions> {
  /** In the place of the store's. */
  readonly verify?: BlobStore['verify'];
}

function verifierOf({ store, blobs }: TestStore, settings: VerifierSettings = {}): Verifier {
  const { verify = (digest, pace) => blobs.verify(digest, pace), ...options } = settings;
  const { now } = sleepingClock();
  return new Verifier({
    store: { blobs: { held: () => blobs.held(), verify }, catalog: store.catalog },
    now,
    monotonicNow: now,
    failed: assert.ifError,
    observer: { scrubbed: () => undefined, damageFound: () => undefined },
    ...options,
  });
}

async function allOf(
  verifier: Verifier,
  options: VerificationOptions = {},
): Promise<VerificationEvent[]> {
  return Array.fromAsync(verifier.verify(options));
}

function doneOf(events: readonly VerificationEvent[]): VerificationDone {
  const last = events.at(-1);
  return last?.kind === 'done' ? last : assert.fail('it did not come to its end');
}

function damagedOf(events: readonly VerificationEvent[]): DamageFound[] {
  return events.filter((event) => event.kind === 'damaged');
}

/** Verifies until so many blobs have been looked at, and no further. */
async function verifySome(held: Held, count: number): Promise<void> {
  const seen: Digest[] = [];
  const stopping = new AbortController();
  const verify: BlobStore['verify'] = (digest, pace) => {
    if (seen.length === count) stopping.abort(new Error('interrupted'));
    stopping.signal.throwIfAborted();
    seen.push(digest);
    return held.blobs.verify(digest, pace);
  };
  const events = verifierOf(held, { verify }).verify({}, stopping.signal);
  await assert.rejects(Array.fromAsync(events), /interrupted/);
}

/** The digests that a verification looks at. */
async function seenBy(held: TestStore, options: VerificationOptions = {}): Promise<Digest[]> {
  const seen: Digest[] = [];
  const verify: BlobStore['verify'] = (digest, pace) => {
    seen.push(digest);
    return held.blobs.verify(digest, pace);
  };
  await allOf(verifierOf(held, { verify }), options);
  return seen;
}

describe('a verification', () => {
  test('looks at each blob once, in the order of digests', async (t) => {
    const held = await openHolding(t, sizesOf(40, 100));
    assert.deepEqual(
      await seenBy(held),
      held.contents.map(({ digest }) => digest),
    );
  });

  test('of an intact store says what there is and that nothing is damaged', async (t) => {
    const held = await openHolding(t, [10, 300_000, 3 * mebibyte]);
    const events = await allOf(verifierOf(held));
    const bytes = 10 + 300_000 + 3 * mebibyte;
    const figures = { totalBlobs: 3, totalBytes: bytes, damaged: 0, resumed: false };
    assert.deepEqual(events, [
      { kind: 'progress', blobs: 0, bytes: 0, ...figures },
      { kind: 'done', blobs: 3, bytes, seconds: 0, ...figures },
    ]);
  });

  test('finds what was altered, cut and lost, and nothing else', async (t) => {
    const held = await openHolding(t, [...sizesOf(10, 5000), 2 * mebibyte]);
    const { contents, layout } = held;
    const [altered, , shortened, , , gone] = contents;
    assert.ok(altered && shortened && gone);
    await rot(layout.blobFile(altered.digest), 100);
    await cut(layout.blobFile(shortened.digest));
    await lose(layout.blobFile(gone.digest));
    const events = await allOf(verifierOf(held, { failed: () => undefined }));
    const found = damagedOf(events);
    assert.deepEqual(
      found.map(({ digest, size }) => [digest, size]),
      [altered, shortened, gone].map(({ digest, size }) => [digest, size]),
    );
    assert.deepEqual(
      found.map(({ quarantinedAs }) => quarantinedAs !== null),
      [true, true, false],
    );
    assert.equal((await readFile(found[0]?.quarantinedAs ?? '')).length, altered.size);
    assert.match(found[0]?.reason ?? '', /hash to sha256:/);
    assert.equal(doneOf(events).damaged, 3);
    assert.equal(held.blobs.describe(altered.digest), undefined);
    assert.deepEqual(damagedOf(await allOf(verifierOf(held))), []);
  });

  test('tells its observer of all that it hashes and finds, as the scrub does', async (t) => {
    const held = await openHolding(t, [5000, 3 * mebibyte]);
    const [rotten] = held.contents as [BlobContent];
    await rot(held.layout.blobFile(rotten.digest));
    const told: unknown[][] = [];
    let hashed = 0;
    const observer: VerificationObserver = {
      scrubbed: (bytes) => (hashed += bytes),
      damageFound: (...found) => told.push(found),
    };
    const events = await allOf(verifierOf(held, { observer }));
    const [found] = damagedOf(events);
    assert.deepEqual(told, [[rotten.digest, found?.reason, found?.quarantinedAs]]);
    assert.equal(hashed, 5000 + 3 * mebibyte);
  });

  test('looks at the file of what is in memory', async (t) => {
    const held = await openHolding(t, [500], { memory: mebibyte });
    const [{ digest }] = held.contents as [BlobContent];
    await held.blobs.read(digest);
    await rot(held.layout.blobFile(digest));
    assert.ok((await held.blobs.read(digest)) !== undefined, 'it is not in memory');
    const events = await allOf(verifierOf(held));
    assert.equal(damagedOf(events)[0]?.digest, digest);
    assert.equal(await held.blobs.read(digest), undefined);
  });

  test('leaves out what is evicted meanwhile', async (t) => {
    const held = await openHolding(t, sizesOf(4, 100));
    const third = held.contents[2];
    const verifier = verifierOf(held, {
      verify: async (digest, pace) => {
        if (digest === held.contents[1]?.digest) {
          await held.blobs.remove([third?.digest ?? assert.fail()], 'purge');
        }
        return held.blobs.verify(digest, pace);
      },
    });
    const { blobs, totalBlobs, bytes, totalBytes, damaged } = doneOf(await allOf(verifier));
    assert.deepEqual([blobs, totalBlobs, bytes, totalBytes, damaged], [3, 3, 300, 300, 0]);
  });

  test('is no use of what it looks at', async (t) => {
    const held = await openHolding(t, sizesOf(3, 100));
    const before = held.contents.map(({ digest }) => held.blobs.describe(digest)?.usedAt);
    await allOf(verifierOf(held));
    assert.deepEqual(
      held.contents.map(({ digest }) => held.blobs.describe(digest)?.usedAt),
      before,
    );
  });

  test('reads no more than so many bytes a second', async (t) => {
    const held = await openHolding(t, [2 * mebibyte, 4 * mebibyte, ...sizesOf(100, 1000)]);
    const { now, sleep } = sleepingClock();
    const verifier = verifierOf(held, { monotonicNow: now, sleep });
    const { seconds } = doneOf(await allOf(verifier, { rate: mebibyte }));
    // What was asked for last need not be waited for.
    assert.ok(seconds > 1.9 && seconds < 6.2, `${seconds} s`);
  });

  test('tells of its progress four times a second, within a blob too', async (t) => {
    const held = await openHolding(t, [20 * mebibyte]);
    const { now, sleep } = sleepingClock();
    const verifier = verifierOf(held, { monotonicNow: now, sleep });
    const events = await allOf(verifier, { rate: 10 * mebibyte });
    const bytes = events.flatMap((event) => (event.kind === 'progress' ? [event.bytes] : []));
    assert.ok(bytes.length >= 5 && bytes.length <= 9, `${bytes.length} times`);
    assert.ok(bytes.every((amount, index) => index === 0 || amount > (bytes[index - 1] ?? 0)));
  });
});

describe('only one verification of a store', () => {
  test('is under way at a time', async (t) => {
    const verifier = verifierOf(await openHolding(t, [100]));
    const first = verifier.verify({});
    await first.next();
    await assert.rejects(
      allOf(verifier),
      (error) => error instanceof UpkeepError && error.failure === 'busy',
    );
    await first.return?.();
    doneOf(await allOf(verifier));
  });
});

describe('an interrupted verification', () => {
  test('is gone on with where it was, with the figures of all of it', async (t) => {
    const held = await openHolding(t, sizesOf(10, 100));
    await verifySome(held, 4);
    assert.deepEqual(
      await seenBy(held),
      held.contents.slice(4).map(({ digest }) => digest),
    );
  });

  test('says what was done before', async (t) => {
    const held = await openHolding(t, sizesOf(10, 100));
    await rot(held.layout.blobFile(held.contents[1]?.digest ?? assert.fail()));
    await verifySome(held, 4);
    const events = await allOf(verifierOf(held));
    const figures = { totalBlobs: 10, totalBytes: 1000, damaged: 1, resumed: true };
    assert.deepEqual(events[0], { kind: 'progress', blobs: 4, bytes: 400, ...figures });
    assert.deepEqual(damagedOf(events), []);
    assert.equal(doneOf(events).damaged, 1);
  });

  test('is gone on with by the next process, though this one was killed', async (t) => {
    const lifetime = lastFirst(t);
    const clock = sleepingClock();
    const held = await openHolding(lifetime, sizesOf(10, 100));
    const copy = await temporaryDirectory(lifetime);
    const verifier = verifierOf(held, {
      monotonicNow: clock.now,
      verify: async (digest, pace) => {
        // As of the kill: nothing is written down in order after that.
        if (digest === held.contents[6]?.digest) {
          await cp(held.layout.directory, copy, { recursive: true });
        }
        clock.now.advance(500);
        return held.blobs.verify(digest, pace);
      },
    });
    await allOf(verifier);
    const killed = await openTestStore(lifetime, { directory: copy });
    assert.deepEqual(
      await seenBy(killed),
      held.contents.slice(6).map(({ digest }) => digest),
    );
  });

  test('begins anew when that is asked for', async (t) => {
    const held = await openHolding(t, sizesOf(10, 100));
    await verifySome(held, 4);
    assert.equal((await seenBy(held, { restart: true })).length, 10);
  });

  test('is over when it came to its end: the next one begins anew', async (t) => {
    const held = await openHolding(t, sizesOf(10, 100));
    await verifySome(held, 4);
    await seenBy(held);
    assert.equal((await seenBy(held)).length, 10);
  });

  test('ends in the midst of a large blob at a slow rate, when nobody iterates any more', async (t) => {
    const held = await openHolding(t, [100, 100]);
    await fillBlob(held.blobs, generatedBlob({ size: 8 * mebibyte, seed: 'large' }));
    const events = verifierOf(held).verify({ rate: 1 });
    await events.next();
    const pending = events.next();
    await events.return?.();
    assert.equal((await pending).done, true);
    assert.ok((await seenBy(held)).length > 0);
  });

  test('is not taken for damage', async (t) => {
    const held = await openHolding(t, [8 * mebibyte]);
    const events = verifierOf(held).verify({ rate: 1 });
    await events.next();
    await events.return?.();
    assert.deepEqual(held.evicted, []);
  });

  test('whose cursor makes no sense begins anew', async (t) => {
    const held = await openHolding(t, sizesOf(3, 100));
    const broken = { startedAt: 1, last: '../..', blobs: -1, bytes: 'many', damaged: 0 };
    await held.store.catalog.states.set('verification', broken);
    assert.equal((await seenBy(held)).length, 3);
  });
});

/** A store whose process has no descriptor left for so many attempts. */
async function openShortOfDescriptors(t: Lifetime, attempts: number, clock: SleepingClock) {
  const held = await openHolding(t, sizesOf(3, 100));
  let left = attempts;
  const verifier = verifierOf(held, {
    sleep: clock.sleep,
    verify: async (digest, pace) => {
      left -= 1;
      if (left >= 0) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
      return held.blobs.verify(digest, pace);
    },
  });
  return { held, verifier };
}

describe('a process that lacks descriptors', () => {
  test('tries again, and finds no damage', async (t) => {
    const clock = sleepingClock();
    const { held, verifier } = await openShortOfDescriptors(t, 2, clock);
    const { blobs, damaged } = doneOf(await allOf(verifier));
    assert.deepEqual([blobs, damaged, held.evicted], [3, 0, []]);
    assert.equal(clock.slept.length, 2);
  });

  test('gives up after a while, to go on there the next time', async (t) => {
    const { held, verifier } = await openShortOfDescriptors(t, 100, sleepingClock());
    await assert.rejects(
      allOf(verifier),
      (error) => error instanceof UpkeepError && error.failure === 'failed',
    );
    assert.deepEqual(held.evicted, []);
    assert.equal((await seenBy(held)).length, 3);
  });
});

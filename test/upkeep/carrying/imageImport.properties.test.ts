import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { digestAlgorithm, digestOf, type Digest } from '../../../src/registry/digest.ts';
import type { ImportReport } from '../../../src/upkeep/carrying/carrying.ts';
import { UpkeepError } from '../../../src/upkeep/upkeepError.ts';
import { buildImage, buildIndex } from '../../support/images.ts';
import { archive, called, layoutEntries, referredToAs, type ArchivedEntry } from './archives.ts';
import { inPieces, startCarrier, type Carrier } from './carrier.ts';

const first = buildImage({ seed: 'first', algorithm: 'sha512' });
const second = buildIndex([buildImage({ seed: 'second' })]);
const entries = layoutEntries([
  { image: first, annotations: referredToAs('1') },
  { image: second, annotations: called('docker.io/library/second:2') },
]);

/** What is done to the bytes of an archive; places are shares of its length. */
type Damage =
  | { readonly kind: 'set'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'move'; readonly at: number; readonly to: number };

const place = fc.double({ min: 0, max: 1, noNaN: true });
const blockSize = 512;

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({
    kind: fc.constant('set' as const),
    at: place,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 16 }),
  }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: place,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 2 * blockSize }),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: place, length: fc.nat(4 * blockSize) }),
  fc.record({ kind: fc.constant('move' as const), at: place, to: place }),
);

/** What may stand in the headers of an archive, with a checksum that is right. */
const header = fc.record(
  {
    name: fc.oneof(
      fc.constantFrom('./', '../x', 'index.json', 'oci-layout', 'blobs/sha256/00', '/', ''),
      fc.constantFrom(...entries.map(({ name }) => name)),
      fc.string({ maxLength: 300 }),
    ),
    type: fc.constantFrom('file', 'directory', 'symlink', 'link', 'fifo', 'contiguous-file'),
    linkname: fc.constantFrom('index.json', '../../x'),
    content: fc.oneof(
      fc.uint8Array({ maxLength: 700 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.constantFrom(...entries.map(({ content = Buffer.alloc(0) }) => content)),
    ),
  },
  { requiredKeys: ['name'] },
) as fc.Arbitrary<ArchivedEntry>;

test('an archive with damaged bytes is imported right or refused, and leaves no wrong name', async (t) => {
  const carrier = await startCarrier(t);
  const whole = await archive(entries);
  await fc.assert(
    fc.asyncProperty(
      fc.array(damage, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 5000 }),
      async (damages, isCompressed, size) => {
        const plain = isCompressed ? gzipSync(whole) : whole;
        await judge(carrier, damages.reduce(damaged, plain), size);
      },
    ),
    { numRuns: 100 },
  );
});

test('an archive with other files, in any order, is imported right or refused', async (t) => {
  const carrier = await startCarrier(t);
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray(entries, { minLength: entries.length - 2 }),
      fc.array(header, { maxLength: 3 }),
      fc.nat(entries.length),
      async (kept, added, at) => {
        await judge(carrier, await archive(kept.toSpliced(at, 0, ...added)), 1000);
      },
    ),
    { numRuns: 30 },
  );
});

function damaged(bytes: Buffer, one: Damage): Buffer {
  const at = Math.floor(one.at * bytes.length);
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (one.kind) {
    case 'set':
      return Buffer.concat([before, one.bytes, after.subarray(one.bytes.length)]);
    case 'insert':
      return Buffer.concat([before, one.bytes, after]);
    case 'cut':
      return Buffer.concat([before, after.subarray(one.length)]);
    case 'move': {
      const moved = after.subarray(0, blockSize);
      const rest = Buffer.concat([before, after.subarray(blockSize)]);
      const to = Math.floor((one.to * rest.length) / blockSize) * blockSize;
      return Buffer.concat([rest.subarray(0, to), moved, rest.subarray(to)]);
    }
  }
}

/** Imports it into an empty store, and compares what came of it with what was said. */
async function judge({ importing, store }: Carrier, bytes: Buffer, size: number): Promise<void> {
  const { blobs, catalog } = store;
  const report = await outcome(importing.import(inPieces(bytes, size), 'docker.io/acme/first'));
  const tags = await Array.fromAsync(catalog.tags.entries());
  const members = await Array.fromAsync(catalog.memberships.entries());
  const held = [...blobs.held()].map(([digest]) => digest);
  for (const digest of held) {
    const content = await blobs.peek(digest);
    assert.ok(content, `${digest} is not what is held of it`);
    assert.equal(digestOf(content, digestAlgorithm(digest)), digest);
  }
  if (report === undefined) {
    assert.deepEqual([tags, members], [[], []], 'a refused archive left names');
  } else {
    const named = new Map(report.images.map(({ name, digest }) => [name, digest]));
    for (const [key, { digest }] of tags) {
      assert.equal(named.get(key), digest, `${key} was not reported`);
      assert.ok(blobs.describe(digest)?.mediaType, `${key} names what is no manifest`);
    }
    for (const [key] of members) assert.ok(held.includes(key.split('@')[1] as Digest), key);
  }
  for (const [key] of tags) await catalog.tags.delete(key);
  for (const [key] of members) await catalog.memberships.delete(key);
  await blobs.remove(held, 'purge');
}

/** `undefined` for an archive that was refused, as it should be done. */
async function outcome(importing: Promise<ImportReport>): Promise<ImportReport | undefined> {
  try {
    return await importing;
  } catch (error) {
    if (error instanceof UpkeepError && /^(invalid|failed)$/.test(error.failure)) return undefined;
    throw error;
  }
}

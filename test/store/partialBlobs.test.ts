import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { digestOf, type Digest } from '../../src/registry/digest.ts';
import { partialLife, PartialBlobs, type PartialBlob } from '../../src/store/partialBlobs.ts';

const noon = Date.UTC(2026, 0, 1, 12);
const [one, two, three] = ['one', 'two', 'three'].map((text) => digestOf(Buffer.from(text)));
assert.ok(one !== undefined && two !== undefined && three !== undefined);

function partial(digest: Digest, length: number, keptAt = noon): PartialBlob {
  return { digest, length, keptAt, path: `${digest}.${length}` };
}

function partials(maxSize = Infinity): PartialBlobs {
  return new PartialBlobs({ maxSize, now: () => noon });
}

describe('the beginnings of blobs', () => {
  test('are handed out once', () => {
    const held = partials();
    assert.deepEqual(held.add(partial(one, 10)), []);
    assert.equal(held.bytes, 10);
    assert.deepEqual(held.take(one), partial(one, 10));
    assert.equal(held.take(one), undefined);
    assert.equal(held.bytes, 0);
  });

  test('the longer of two of one blob stays', () => {
    const held = partials();
    held.add(partial(one, 10));
    assert.deepEqual(held.add(partial(one, 9)), [partial(one, 9)]);
    assert.deepEqual(held.add(partial(one, 11)), [partial(one, 10)]);
    assert.equal(held.bytes, 11);
  });

  test('the oldest ones go when there are too many bytes of them', () => {
    const held = partials(25);
    held.add(partial(one, 10));
    held.add(partial(two, 10));
    assert.deepEqual(held.add(partial(three, 10)), [partial(one, 10)]);
    assert.equal(held.bytes, 20);
  });

  test('one that is larger than the bound is not taken in', () => {
    const held = partials(25);
    assert.deepEqual(held.add(partial(one, 26)), [partial(one, 26)]);
    assert.equal(held.take(one), undefined);
  });

  test('one that is larger than the bound costs no other its place', () => {
    const held = partials(25);
    held.add(partial(one, 10));
    assert.deepEqual(held.add(partial(two, 26)), [partial(two, 26)]);
    assert.deepEqual(held.take(one), partial(one, 10));
  });

  test('those that nobody asked for within a day go', () => {
    const held = partials();
    const old = partial(one, 10, noon - partialLife - 1);
    const recent = partial(two, 10, noon - partialLife);
    assert.deepEqual(held.add(old), [old]);
    assert.deepEqual(held.add(recent), []);
    assert.deepEqual(held.takeOldest(), recent);
    assert.equal(held.takeOldest(), undefined);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { hasUrls, parseDescriptor } from '../../src/registry/descriptor.ts';
import { digestOf } from '../../src/registry/digest.ts';

const minimal = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digestOf(Buffer.from('layer')),
  size: 5,
};

describe('parseDescriptor', () => {
  test('reads the three members that every descriptor has', () => {
    assert.deepEqual(parseDescriptor(minimal), minimal);
  });

  test('reads a sha512 digest and an empty size', () => {
    const descriptor = { ...minimal, digest: digestOf(Buffer.of(), 'sha512'), size: 0 };
    assert.deepEqual(parseDescriptor(descriptor), descriptor);
  });

  test('reads where else the content is and leaves out the members it does not know', () => {
    const known = { ...minimal, urls: ['https://example.com/layer'] };
    const unknown = { annotations: { a: 'b' }, data: 'e30=' };
    assert.deepEqual(parseDescriptor({ ...known, ...unknown }), known);
  });

  test('reads the platform that an index says, and leaves out one that is none', () => {
    const platform = { os: 'linux', architecture: 'arm64' };
    const index = { ...minimal, platform: { ...platform, 'os.version': '1' } };
    assert.deepEqual(parseDescriptor(index), { ...minimal, platform });
    for (const none of [7, null, { os: 'linux' }, 'linux/arm64']) {
      assert.deepEqual(parseDescriptor({ ...minimal, platform: none }), minimal);
    }
  });

  test('leaves out addresses of a wrong type', () => {
    assert.deepEqual(parseDescriptor({ ...minimal, urls: 'https://a' }), minimal);
    assert.deepEqual(parseDescriptor({ ...minimal, urls: [1, null] }), minimal);
  });

  const refused: Record<string, unknown> = {
    'a text': 'sha256',
    null: null,
    'a list': [minimal],
    'no media type': { ...minimal, mediaType: undefined },
    'a media type that is no text': { ...minimal, mediaType: 7 },
    'no digest': { ...minimal, digest: undefined },
    'a digest that cannot be verified': { ...minimal, digest: `sha384:${'0'.repeat(96)}` },
    'a digest that climbs': { ...minimal, digest: 'sha256:../../etc/passwd' },
    'no size': { ...minimal, size: undefined },
    'a negative size': { ...minimal, size: -1 },
    'a broken size': { ...minimal, size: 1.5 },
    'a size beyond exact arithmetic': { ...minimal, size: 2 ** 53 },
    'a size that is text': { ...minimal, size: '5' },
  };
  for (const [what, value] of Object.entries(refused)) {
    test(`refuses ${what}`, () => assert.equal(parseDescriptor(value), undefined));
  }

  test('never throws, whatever the value', () => {
    const values = fc.record(
      {
        mediaType: fc.oneof(fc.constant(minimal.mediaType), fc.jsonValue()),
        digest: fc.oneof(fc.constant(minimal.digest), fc.jsonValue()),
        size: fc.oneof(fc.nat(), fc.jsonValue()),
        urls: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), values), (value) => {
        const read = parseDescriptor(value);
        if (read !== undefined) assert.ok(Number.isSafeInteger(read.size) && read.size >= 0);
      }),
    );
  });
});

describe('hasUrls', () => {
  test('is true when there is at least one address', () => {
    assert.equal(hasUrls({ urls: ['https://a'] }), true);
    assert.equal(hasUrls({ urls: [] }), false);
    assert.equal(hasUrls({ urls: null }), false);
    assert.equal(hasUrls({}), false);
  });
});

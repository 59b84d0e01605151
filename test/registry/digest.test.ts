import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  digestAlgorithm,
  digestFrom,
  digestHex,
  digestOf,
  hashFor,
  parseDigest,
} from '../../src/registry/digest.ts';
import { anyText } from '../support/anyText.ts';

const emptySha256 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const algorithms = fc.constantFrom('sha256' as const, 'sha512' as const);

describe('parseDigest', () => {
  test('reads the digest of any content back, unchanged', () => {
    fc.assert(
      fc.property(fc.uint8Array(), algorithms, (bytes, algorithm) => {
        const digest = digestOf(bytes, algorithm);
        assert.equal(parseDigest(digest), digest);
      }),
    );
  });

  test('takes no text but an algorithm, a colon and the right number of lower-case hex digits', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), anyText()), (text) => {
        const isDigest = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
        assert.equal(parseDigest(text) !== undefined, isDigest);
      }),
    );
  });

  const hex = '0123456789abcdef'.repeat(4);
  const refused: Record<string, string> = {
    'an upper-case digit': `sha256:${hex.toUpperCase()}`,
    'an upper-case algorithm': `SHA256:${hex}`,
    'a digit too few': `sha256:${hex.slice(1)}`,
    'a digit too many': `sha256:${hex}0`,
    'a line break at the end': `sha256:${hex.slice(1)}\n`,
    'the length of another algorithm': `sha512:${hex}`,
    'an algorithm that cannot be verified': `sha384:${hex}${hex.slice(32)}`,
    'an algorithm named like a member of every object': `constructor:${hex}`,
    'no algorithm': hex,
    'no hex': 'sha256:',
    'no colon': 'sha256',
    'a path in place of hex': `sha256:${'../'.repeat(21)}a`,
    'white space around it': ` sha256:${hex} `,
    'a second colon': `sha256:${hex.slice(0, 31)}:${hex.slice(0, 32)}`,
    nothing: '',
  };
  for (const [what, text] of Object.entries(refused)) {
    test(`refuses ${what}`, () => assert.equal(parseDigest(text), undefined));
  }
});

describe('a digest', () => {
  test('is that of the bytes, by sha256 unless said otherwise', () => {
    assert.equal(digestOf(new Uint8Array()), emptySha256);
    assert.match(digestOf(new Uint8Array(), 'sha512'), /^sha512:cf83e1357eefb8bd[0-9a-f]{112}$/);
  });

  test('falls apart into its algorithm and its hex, and they make it up again', () => {
    fc.assert(
      fc.property(fc.uint8Array(), algorithms, (bytes, algorithm) => {
        const digest = digestOf(bytes, algorithm);
        assert.equal(digestAlgorithm(digest), algorithm);
        assert.equal(`${algorithm}:${digestHex(digest)}`, digest);
      }),
    );
  });

  test('is found again by hashing the bytes piece by piece with its own algorithm', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), algorithms, (pieces, algorithm) => {
        const digest = digestOf(Buffer.concat(pieces), algorithm);
        const hash = hashFor(digest);
        for (const piece of pieces) hash.update(piece);
        assert.equal(digestFrom(algorithm, hash), digest);
      }),
    );
  });
});

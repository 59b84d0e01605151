import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { digestOf } from '../../src/registry/digest.ts';
import { parseReference, parseTag, referenceText } from '../../src/registry/reference.ts';
import { anyText } from '../support/anyText.ts';

const tagStart = fc.stringMatching(/^[a-zA-Z0-9_]$/);
const tagRest = fc.stringMatching(/^[a-zA-Z0-9._-]{0,127}$/);
const tags = fc.tuple(tagStart, tagRest).map(([start, rest]) => start + rest);
const digests = fc
  .tuple(fc.uint8Array(), fc.constantFrom('sha256' as const, 'sha512' as const))
  .map(([bytes, algorithm]) => digestOf(bytes, algorithm));

describe('parseTag', () => {
  test('takes every tag of the specification, unchanged', () => {
    fc.assert(fc.property(tags, (tag) => assert.equal(parseTag(tag), tag)));
  });

  test('takes nothing but letters, digits, underscores, dots and hyphens, of ASCII', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const allowed = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-';
        if (parseTag(text) === undefined) return;
        for (const character of text) assert.ok(allowed.includes(character), character);
      }),
    );
  });

  test('takes what the grammar of the specification does, and nothing else', () => {
    const specified = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
    const unit = fc.constantFrom('a', 'Z', '0', '_', '.', '-', '/', ':', '\n', '\0', 'ſ', 'K', 'é');
    const texts = fc.oneof(
      fc.string({ unit }),
      fc.string({ unit: fc.constantFrom('a', '.'), minLength: 126, maxLength: 130 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const expected = specified.test(text) && !text.endsWith('\n') ? text : undefined;
        assert.equal(parseTag(text), expected);
      }),
    );
  });

  test('takes a tag of 128 characters and refuses one of 129', () => {
    assert.notEqual(parseTag('v'.repeat(128)), undefined);
    assert.equal(parseTag('v'.repeat(129)), undefined);
  });

  const refused: Record<string, string> = {
    nothing: '',
    'a dot at the front': '.latest',
    'a hyphen at the front': '-latest',
    'a step up': '..',
    'a slash': 'v1/2',
    'a colon': 'v1:2',
    'a line break at the end': 'latest\n',
    'a letter beyond ASCII': 'ſ',
  };
  for (const [what, text] of Object.entries(refused)) {
    test(`refuses ${what}`, () => assert.equal(parseTag(text), undefined));
  }
});

describe('parseReference', () => {
  test('tells a tag', () => {
    fc.assert(
      fc.property(tags, (tag) => assert.deepEqual(parseReference(tag), { kind: 'tag', tag })),
    );
  });

  test('tells a digest', () => {
    fc.assert(
      fc.property(digests, (digest) => {
        assert.deepEqual(parseReference(digest), { kind: 'digest', digest });
      }),
    );
  });

  test('takes a malformed or unverifiable digest for nothing at all, never for a tag', () => {
    assert.equal(parseReference('sha256:baddigeststring'), undefined);
    assert.equal(parseReference(`sha384:${'0'.repeat(96)}`), undefined);
    assert.equal(parseReference('latest:'), undefined);
  });

  test('takes a digest written as a tag, with a hyphen, for a tag', () => {
    const tag = `sha256-${'0'.repeat(64)}`;
    assert.deepEqual(parseReference(tag), { kind: 'tag', tag });
  });

  test('refuses what is neither', () => {
    assert.equal(parseReference(''), undefined);
    assert.equal(parseReference('.INVALID_MANIFEST_NAME'), undefined);
  });

  test('never throws, and what it reads is written back as it was', () => {
    fc.assert(
      fc.property(fc.oneof(anyText(), tags, digests), (text) => {
        const reference = parseReference(text);
        if (reference !== undefined) assert.equal(referenceText(reference), text);
      }),
    );
  });
});

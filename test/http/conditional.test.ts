import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { digestOf } from '../../src/registry/digest.ts';
import { allowsRange, entityTag, matchesEntityTag } from '../../src/http/conditional.ts';

const digest = digestOf(Buffer.from('content'));

test('an entity tag is the digest in quotes', () => {
  assert.equal(entityTag(digest), `"${digest}"`);
});

test('If-None-Match matches quoted, weak, bare, listed and any', () => {
  for (const field of [`"${digest}"`, `W/"${digest}"`, digest, `"other", "${digest}"`, '*']) {
    assert.equal(matchesEntityTag(field, digest), true, field);
  }
});

test('If-None-Match does not match when it is absent or names something else', () => {
  for (const field of [undefined, '', '"other"', `"${digest}x"`, digest.slice(0, -1)]) {
    assert.equal(matchesEntityTag(field, digest), false, String(field));
  }
});

test('If-None-Match matches wherever the tag stands in a list, and only if it does', () => {
  const others = fc.array(fc.stringMatching(/^(?:W\/)?"[a-z:0-9]*"$/), { maxLength: 4 });
  const separators = fc.constantFrom(',', ', ', ' ,\t', ',,');
  fc.assert(
    fc.property(others, others, separators, fc.boolean(), (before, after, separator, weak) => {
      const own = `${weak ? 'W/' : ''}${entityTag(digest)}`;
      assert.equal(matchesEntityTag([...before, own, ...after].join(separator), digest), true);
      assert.equal(matchesEntityTag([...before, ...after].join(separator), digest), false);
    }),
  );
});

test('a range is honoured without If-Range or with the strong tag of this content alone', () => {
  assert.equal(allowsRange({}, digest), true);
  assert.equal(allowsRange({ 'if-range': entityTag(digest) }, digest), true);
  assert.equal(allowsRange({ 'if-range': '"other"' }, digest), false);
  assert.equal(allowsRange({ 'if-range': `W/${entityTag(digest)}` }, digest), false);
  assert.equal(allowsRange({ 'if-range': 'Sat, 21 Nov 2026 00:00:00 GMT' }, digest), false);
});

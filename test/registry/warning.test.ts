import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { formatWarning } from '../../src/registry/warning.ts';
import { anyText } from '../support/anyText.ts';

// The one form that the distribution-spec has, in printable ASCII.
const warning = /^299 - "(?:[ !#-[\]-~]|\\["\\])*"$/;

describe('formatWarning', () => {
  test('writes code 299, no agent, no date', () => {
    assert.equal(
      formatWarning('the upstream does not answer'),
      '299 - "the upstream does not answer"',
    );
  });

  test('writes a field of the right form and size, whatever the text', () => {
    const texts = fc.oneof(anyText(), fc.string({ minLength: 4000 }));
    fc.assert(
      fc.property(texts, (text) => {
        const field = formatWarning(text);
        assert.match(field, warning);
        assert.ok(Buffer.byteLength(field) <= 4096);
      }),
    );
  });

  test('keeps any short printable text, escaped where it must be', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), (text) => {
        const quoted = formatWarning(text).slice('299 - "'.length, -1);
        assert.equal(quoted.replaceAll(/\\(.)/g, '$1'), text);
      }),
    );
  });

  test('replaces what a field cannot carry', () => {
    assert.equal(formatWarning('a\r\nb\x7f\u00fc\u{1f600}'), '299 - "a  b ??"');
  });

  test('cuts a text that is too long, but not in the middle of an escape', () => {
    assert.equal(formatWarning('x'.repeat(5000)).length, 4096);
    assert.match(formatWarning(`${'x'.repeat(4087)}"""`), /x"$/);
    assert.match(formatWarning(`${'x'.repeat(4086)}"""`), /x\\""$/);
  });
});

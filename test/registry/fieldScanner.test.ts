import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { FieldScanner } from '../../src/registry/fieldScanner.ts';
import { anyText } from '../support/anyText.ts';

describe('a field scanner', () => {
  test('reads tokens, characters and values one after another', () => {
    const scanner = new FieldScanner('Name = "a \\" b" ; Other=c, rest');
    assert.equal(scanner.takeToken(), 'name');
    assert.equal(scanner.takeCharacter(';'), false);
    assert.equal(scanner.takeCharacter('='), true);
    assert.equal(scanner.takeValue(), 'a " b');
    assert.equal(scanner.takeCharacter(';'), true);
    scanner.skipWhitespace();
    assert.equal(scanner.takeToken(), 'other');
    assert.equal(scanner.takeCharacter('='), true);
    assert.equal(scanner.takeValue(), 'c');
    assert.equal(scanner.atEnd, false);
  });

  test('stays where it is when a pattern does not match there', () => {
    const scanner = new FieldScanner('(token');
    assert.equal(scanner.takeToken(), undefined);
    assert.equal(scanner.take(/\(/y), '(');
    assert.equal(scanner.takeToken(), 'token');
    assert.equal(scanner.atEnd, true);
  });

  test('skips to the comma after the element, not to one inside of quotes', () => {
    const scanner = new FieldScanner('a "b,\\",c" d,e');
    scanner.skipElement();
    assert.equal(scanner.takeCharacter(','), true);
    assert.equal(scanner.takeToken(), 'e');
  });

  test('is at the end after a quoted value that never closes', () => {
    const scanner = new FieldScanner('"a, b');
    assert.equal(scanner.takeValue(), undefined);
    assert.equal(scanner.atEnd, true);
  });

  test('reads back any text that was quoted', () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const scanner = new FieldScanner(`"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`);
        assert.equal(scanner.takeValue(), text);
        assert.equal(scanner.atEnd, true);
      }),
    );
  });
});

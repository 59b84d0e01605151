import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { isJsonObject, parseJsonObject, textOf } from '../../src/registry/jsonObject.ts';

describe('parseJsonObject', () => {
  test('reads back any object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const text = JSON.stringify(object);
        assert.deepEqual(parseJsonObject(Buffer.from(text)), JSON.parse(text));
      }),
    );
  });

  test('never throws, and takes no bytes but those of an object', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          const object = parseJsonObject(bytes);
          assert.ok(object === undefined || isJsonObject(object));
        },
      ),
    );
  });

  const refused: Record<string, Uint8Array> = {
    nothing: Buffer.from(''),
    'a web page': Buffer.from('<!doctype html><title>Sign in</title>'),
    'a list': Buffer.from('[{}]'),
    null: Buffer.from('null'),
    'a text': Buffer.from('"{}"'),
    'half an object': Buffer.from('{"a":'),
    'two objects': Buffer.from('{}{}'),
    'a byte order mark': Buffer.from('\ufeff{}'),
    'bytes that are no UTF-8': Buffer.concat([
      Buffer.from('{"a":"'),
      Buffer.of(0xff),
      Buffer.from('"}'),
    ]),
    'lists nested without end': Buffer.from('['.repeat(1_000_000)),
  };
  for (const [what, bytes] of Object.entries(refused)) {
    test(`refuses ${what}`, () => assert.equal(parseJsonObject(bytes), undefined));
  }
});

describe('textOf', () => {
  test('gives the member where it is a text', () => {
    assert.equal(textOf({ a: 'b' }, 'a'), 'b');
    assert.equal(textOf({ a: '' }, 'a'), '');
    assert.equal(textOf({ a: 1 }, 'a'), undefined);
    assert.equal(textOf({}, 'a'), undefined);
    assert.equal(textOf({}, 'constructor'), undefined);
  });
});

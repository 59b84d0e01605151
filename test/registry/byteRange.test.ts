import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  contentRange,
  parseContentRange,
  selectRange,
  unsatisfiedRange,
} from '../../src/registry/byteRange.ts';
import { anyText } from '../support/anyText.ts';

const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };
const sizes = fc.oneof(fc.nat({ max: 40 }), fc.maxSafeNat());
const positions = fc.oneof(fc.nat({ max: 40 }), fc.maxSafeNat());

/** The positions of the bytes that a range selects, found by trying every one of them. */
function selected(size: number, wanted: (position: number) => boolean): number[] {
  return Array.from({ length: size }, (_, position) => position).filter(wanted);
}

/** What the range of these positions is, which lie next to each other. */
function rangeOf(chosen: number[]): object {
  if (chosen.length === 0) return unsatisfiable;
  return { kind: 'range', start: chosen[0], end: chosen.at(-1) };
}

/** The same without a pattern: by cutting at commas and hyphens, and trying every byte. */
function selectedByHand(unit: string, list: readonly string[], size: number): object {
  const [spec = '', ...others] = list.map((one) => one.trim()).filter((one) => one !== '');
  const [first = '', last = '', ...more] = spec.split('-');
  const isRange = spec.includes('-') && first + last !== '' && more.length === 0;
  const isNumeric = (first + last).split('').every((digit) => '0123456789'.includes(digit));
  const isBytes = unit.trim().toLowerCase() === 'bytes=';
  if (!isBytes || others.length > 0 || !isRange || !isNumeric) return whole;
  const from = first === '' ? size - Number(last) : Number(first);
  const to = first === '' || last === '' ? size : Number(last);
  return rangeOf(selected(size, (position) => position >= from && position <= to));
}

describe('selectRange', () => {
  test('selects the bytes from the first to the last position, as far as there are any', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(40), fc.nat(40), (size, first, last) => {
        const chosen = selected(size, (position) => position >= first && position <= last);
        assert.deepEqual(selectRange(`bytes=${first}-${last}`, size), rangeOf(chosen));
      }),
    );
  });

  test('selects a single byte, the first and the last one too', () => {
    for (const position of [0, 4, 9]) {
      const expected = { kind: 'range', start: position, end: position };
      assert.deepEqual(selectRange(`bytes=${position}-${position}`, 10), expected);
    }
  });

  test('selects all bytes from a position on', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(40), (size, first) => {
        const chosen = selected(size, (position) => position >= first);
        assert.deepEqual(selectRange(`bytes=${first}-`, size), rangeOf(chosen));
      }),
    );
  });

  test('selects as many bytes of the end as asked for', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(40), (size, length) => {
        const chosen = selected(size, (position) => position >= size - length);
        assert.deepEqual(selectRange(`bytes=-${length}`, size), rangeOf(chosen));
      }),
    );
  });

  test('agrees with a reader that takes the field apart by hand', () => {
    const numbers = fc.constantFrom('', '0', '1', '007', '9', '10', '40', '99', '-1', 'x', '1 ');
    const specs = fc.tuple(numbers, numbers).map(([first, last]) => `${first}-${last}`);
    const lists = fc.array(fc.oneof(specs, fc.constantFrom('', ' ', '\t')), { maxLength: 3 });
    const units = fc.constantFrom('bytes=', 'Bytes=', ' bytes=', 'bytes =', 'items=', '');
    fc.assert(
      fc.property(units, lists, fc.nat(30), (unit, list, size) => {
        const header = unit + list.join(',');
        assert.deepEqual(selectRange(header, size), selectedByHand(unit, list, size), header);
      }),
      { numRuns: 500 },
    );
  });

  test('never throws, and never selects a byte that the blob does not have', () => {
    const fields = fc.oneof(
      anyText(),
      fc.stringMatching(/^[0129,= \t-]*$/).map((set) => `bytes=${set}`),
    );
    fc.assert(
      fc.property(fields, sizes, (header, size) => {
        const range = selectRange(header, size);
        if (range.kind !== 'range') return;
        assert.ok(Number.isSafeInteger(range.start) && Number.isSafeInteger(range.end));
        assert.ok(range.start >= 0 && range.start <= range.end && range.end < size);
      }),
    );
  });

  test('copes with numbers that no double can hold', () => {
    const size = 2 ** 53 - 1;
    for (const absurd of ['9007199254740993', '1'.repeat(400)]) {
      assert.deepEqual(selectRange(`bytes=${absurd}-`, size), unsatisfiable);
      assert.deepEqual(selectRange(`bytes=${absurd}-${absurd}`, size), unsatisfiable);
      assert.deepEqual(selectRange(`bytes=${absurd}-0`, size), unsatisfiable);
      const all = { kind: 'range', start: 0, end: size - 1 };
      assert.deepEqual(selectRange(`bytes=0-${absurd}`, size), all);
      assert.deepEqual(selectRange(`bytes=-${absurd}`, size), all);
    }
  });

  test('answers the ranges of the conformance suite', () => {
    assert.deepEqual(selectRange('bytes=500-1499', 2048), { kind: 'range', start: 500, end: 1499 });
    assert.deepEqual(selectRange('bytes=2000-5000', 2048), {
      kind: 'range',
      start: 2000,
      end: 2047,
    });
    assert.deepEqual(selectRange('bytes=500-0', 2048), unsatisfiable);
    assert.deepEqual(selectRange('bytes=5000-10000', 2048), unsatisfiable);
  });

  test('is not particular about case, leading zeros and empty elements of the list', () => {
    const expected = { kind: 'range', start: 1, end: 2 };
    for (const header of ['Bytes=1-2', ' BYTES=1-2 ', 'bytes=001-002', 'bytes= ,1-2 ,\t']) {
      assert.deepEqual(selectRange(header, 10), expected, header);
    }
  });

  test('selects the whole blob when several ranges are asked for', () => {
    assert.deepEqual(selectRange('bytes=0-1,4-5', 10), whole);
    assert.deepEqual(selectRange('bytes=0-1, -1', 10), whole);
  });

  const ignored = [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=,',
    'bytes=1',
    'bytes=1-2-3',
    'bytes=--1',
    'bytes=+1-2',
    'bytes=-1.5',
    'bytes=0x1-0x2',
    'bytes=1e1-20',
    'bytes=a-b',
    'bytes=1 -2',
    'bytes=1-2;x',
    'bytes =1-2',
    'bytes 1-2',
    'items=1-2',
    'xbytes=1-2',
    'bytes=١-٢',
  ];
  for (const header of ignored) {
    test(`ignores ${header === undefined ? 'a missing field' : `"${header}"`}`, () => {
      assert.deepEqual(selectRange(header, 10), whole);
    });
  }

  test('finds nothing to select in an empty blob', () => {
    for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
      assert.deepEqual(selectRange(header, 0), unsatisfiable, header);
    }
  });
});

describe('Content-Range', () => {
  test('is written as the RFC has it', () => {
    assert.equal(contentRange(0, 499, 1234), 'bytes 0-499/1234');
    assert.equal(unsatisfiedRange(1234), 'bytes */1234');
  });

  test('is read back as it was written', () => {
    fc.assert(
      fc.property(positions, positions, sizes, (one, other, rest) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const size = end + 1 + rest;
        fc.pre(Number.isSafeInteger(size));
        assert.deepEqual(parseContentRange(contentRange(start, end, size)), { start, end, size });
      }),
    );
  });

  test('may be of a single byte, the last one', () => {
    assert.deepEqual(parseContentRange('bytes 9-9/10'), { start: 9, end: 9, size: 10 });
  });

  test('may leave the size open', () => {
    assert.deepEqual(parseContentRange('Bytes 5-9/*'), { start: 5, end: 9, size: undefined });
  });

  test('never throws, and what it reads makes sense', () => {
    const fields = fc.oneof(
      anyText(),
      fc.stringMatching(/^[0129/* -]*$/).map((rest) => `bytes ${rest}`),
    );
    fc.assert(
      fc.property(fields, (header) => {
        const range = parseContentRange(header);
        if (range === undefined) return;
        assert.ok(range.start >= 0 && range.start <= range.end);
        assert.ok(range.end < (range.size ?? Infinity));
      }),
    );
  });

  const unusable = [
    undefined,
    '',
    'bytes */10',
    'bytes 5-9',
    'bytes 5-/10',
    'bytes -9/10',
    'bytes=5-9/10',
    'bytes 9-5/10',
    'bytes 5-10/10',
    'bytes 5-9/10/11',
    'items 5-9/10',
    'xbytes 5-9/10',
    'bytes 0-9/9007199254740993',
    'bytes 0-9007199254740992/*',
  ];
  for (const header of unusable) {
    test(`is not read from ${header === undefined ? 'a missing field' : `"${header}"`}`, () => {
      assert.equal(parseContentRange(header), undefined);
    });
  }
});

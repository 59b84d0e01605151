import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressRanges } from '../../src/access/addressRanges.ts';

function assertHas(ranges: AddressRanges, addresses: readonly string[], expected: boolean): void {
  for (const address of addresses) assert.equal(ranges.has(address), expected, address);
}

test('an address is in a range of its own family, from the first one to the last', () => {
  const ranges = new AddressRanges(['10.1.0.0/16', '192.0.2.7', 'fd00:1::/32', '2001:db8::7']);
  assertHas(
    ranges,
    ['10.1.0.0', '10.1.255.255', '192.0.2.7', 'fd00:1::', 'fd00:1:ffff::1', '2001:db8::7'],
    true,
  );
  assertHas(
    ranges,
    ['10.0.255.255', '10.2.0.0', '192.0.2.6', 'fd00:2::', 'fd00::1', '2001:db8::8'],
    false,
  );
});

test('IPv4 that is written as IPv6 is IPv4, in an address and in a range', () => {
  const ranges = new AddressRanges(['10.0.0.0/8', '::ffff:192.0.2.0/120']);
  assertHas(
    ranges,
    ['::ffff:10.0.0.1', '::FFFF:a00:1', '0:0:0:0:0:ffff:10.0.0.1', '192.0.2.9', '::ffff:192.0.2.9'],
    true,
  );
  assertHas(ranges, ['::ffff:11.0.0.1', '::10.0.0.1', '192.0.3.1'], false);
});

test('all of IPv6 holds nothing of IPv4, and all of IPv4 nothing of IPv6', () => {
  const six = new AddressRanges(['::/0']);
  assertHas(six, ['2001:db8::1', '::1'], true);
  assertHas(six, ['10.0.0.1', '::ffff:10.0.0.1'], false);
  const four = new AddressRanges(['0.0.0.0/0']);
  assertHas(four, ['10.0.0.1', '::ffff:10.0.0.1'], true);
  assertHas(four, ['2001:db8::1', '::1'], false);
});

test('a zone does not count', () => {
  assertHas(new AddressRanges(['fe80::/10']), ['fe80::1%eth0', 'fe80::1'], true);
});

test('what is no address is in no range', () => {
  const ranges = new AddressRanges(['0.0.0.0/0', '::/0']);
  assertHas(
    ranges,
    ['', 'unknown', '10.0.0.1:80', '[::1]', ' 10.0.0.1', '010.0.0.1', '10.1', '10.0.0.0/8'],
    false,
  );
});

test('an address is the same when it is asked about again, among many others', () => {
  const ranges = new AddressRanges(['10.0.0.0/8']);
  const others = Array.from({ length: 3000 }, (_, place) => `11.0.${place >> 8}.${place & 255}`);
  for (let time = 0; time < 2; time += 1) {
    assertHas(ranges, ['10.0.0.1', '10.0.0.1'], true);
    assertHas(ranges, ['11.0.0.1', '11.0.0.1', ...others], false);
  }
});

test('without a range there is no address', () => {
  assertHas(new AddressRanges([]), ['127.0.0.1', '::1'], false);
});

test('what is no range is refused', () => {
  for (const range of ['', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/-1', '10.0.0.0/', '/8', 'a/8']) {
    assert.throws(() => new AddressRanges([range]), RangeError, range);
  }
});

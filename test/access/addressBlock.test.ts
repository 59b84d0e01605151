import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBlock } from '../../src/access/addressBlock.ts';

const blocks: Readonly<Record<string, string>> = {
  '192.0.2.7': '192.0.2.7',
  '::ffff:192.0.2.7': '192.0.2.7',
  '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
  '2001:DB8:1:2::': '2001:db8:1:2::/64',
  '2001:db8::6': '2001:db8:0:0::/64',
  '2001:db8::2:3:4:5:6': '2001:db8:0:2::/64',
  '2001:0db8:0001:0002::1': '2001:db8:1:2::/64',
  '::1': '0:0:0:0::/64',
  '::': '0:0:0:0::/64',
  'fe80::1%eth0': 'fe80:0:0:0::/64',
  '64:ff9b::192.0.2.7': '64:ff9b:0:0::/64',
  '': '',
  unknown: 'unknown',
};

for (const [address, block] of Object.entries(blocks)) {
  test(`"${address}" is of ${block || 'nothing else'}`, () => {
    assert.equal(addressBlock(address), block);
  });
}

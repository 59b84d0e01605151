import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, test } from 'node:test';
import { parseAddressRange } from '../../src/config/addressRange.ts';

describe('a range of addresses', () => {
  const ranges: readonly (readonly [string, string])[] = [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.7/32', '192.0.2.7/32'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::/0', '::/0'],
    ['::1', '::1/128'],
    ['::ffff:10.0.0.0/104', '::ffff:10.0.0.0/104'],
  ];
  for (const [text, range] of ranges) {
    test(`"${text}" is ${range}, which Node takes`, () => {
      assert.equal(parseAddressRange(text), range);
      const [address = '', prefix] = range.split('/');
      const family = address.includes(':') ? 'ipv6' : 'ipv4';
      new BlockList().addSubnet(address, Number(prefix), family);
    });
  }

  for (const text of [
    '',
    '10',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/8.0',
    '10.0.0.0/8/8',
    '10.0.0.256',
    '010.0.0.1',
    '10.0.0.0/255.0.0.0',
    '::/129',
    '[::1]',
    'fe80::1%eth0',
    'fe80::1%eth0/64',
    'localhost',
    ' 10.0.0.0/8',
    '10.0.0.0/8\n',
    '10.0.0.0-10.0.0.9',
  ]) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseAddressRange(text), undefined);
    });
  }
});

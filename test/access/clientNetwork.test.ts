import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientNetwork } from '../../src/access/clientNetwork.ts';

test('an address of IPv4 is one client, however it is written', () => {
  for (const address of ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:c000:207']) {
    assert.equal(clientNetwork(address), '192.0.2.7');
  }
});

test('addresses of IPv6 that share their first 64 bits are one client, others are not', () => {
  for (const [address, network] of [
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:0000::9', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ] as const) {
    assert.equal(clientNetwork(address), network, address);
  }
});

test('what is no address is left as it is', () => {
  for (const other of ['', 'unknown']) assert.equal(clientNetwork(other), other);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isAddressLiteral,
  isPrivateAddress,
  isPrivateHostname,
} from '../../src/upstream/privateAddress.ts';

const privateAddresses = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '100.100.100.200',
  '127.0.0.1',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.168.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::7f00:1',
  '::ffff:10.0.0.1',
  '::ffff:a9fe:a9fe',
  '64:ff9b::169.254.169.254',
  '64:ff9b:1::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
];
const publicAddresses = [
  '1.1.1.1',
  '9.255.255.255',
  '11.0.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.167.255.255',
  '198.18.0.7',
  '2606:4700::6810:84e5',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
];

for (const address of privateAddresses) {
  test(`${address} is private`, () => {
    assert.equal(isPrivateAddress(address), true);
  });
}

for (const address of publicAddresses) {
  test(`${address} is public`, () => {
    assert.equal(isPrivateAddress(address), false);
  });
}

const privateSpellings = [
  'http://0x7f.1/',
  'http://2130706433/',
  'http://0177.0.0.1/',
  'http://[::1]/',
  'http://[::ffff:127.0.0.1]/',
  'http://localhost/',
  'http://LOCALHOST./',
  'http://anything.localhost/',
];

for (const address of privateSpellings) {
  test(`the host of ${address} is private`, () => {
    assert.equal(isPrivateHostname(new URL(address).hostname), true);
  });
}

for (const address of ['http://example.com/', 'http://notlocalhost/', 'http://8.8.8.8/']) {
  test(`the host of ${address} is not known to be private`, () => {
    assert.equal(isPrivateHostname(new URL(address).hostname), false);
  });
}

test('an IP literal is told from a name', () => {
  assert.equal(isAddressLiteral('[2606:4700::1]'), true);
  assert.equal(isAddressLiteral('8.8.8.8'), true);
  assert.equal(isAddressLiteral('example.com'), false);
});

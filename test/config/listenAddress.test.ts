import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  formatListenAddress,
  listenAddressesCollide,
  parseListenAddress,
  type ListenAddress,
} from '../../src/config/listenAddress.ts';

function collide(one: string, other: string): boolean {
  const [first, second] = [parseListenAddress(one), parseListenAddress(other)];
  assert.ok(first !== undefined && second !== undefined);
  return listenAddressesCollide(first, second);
}

describe('a listen address', () => {
  const addresses: readonly (readonly [string, ListenAddress])[] = [
    ['0.0.0.0:5000', { host: '0.0.0.0', port: 5000 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:5000', { host: '::1', port: 5000 }],
    [':5000', { host: '::', port: 5000 }],
  ];
  for (const [text, address] of addresses) {
    test(`"${text}" is read and written`, () => {
      assert.deepEqual(parseListenAddress(text), address);
      assert.equal(formatListenAddress(address), text);
    });
  }

  for (const text of [
    '',
    '5000',
    'localhost',
    '::1:5000',
    '[nope]:1',
    'a:65536',
    'a:-1',
    'a b:1',
  ]) {
    test(`"${text}" is none`, () => {
      assert.equal(parseListenAddress(text), undefined);
    });
  }

  test('collides with the same one, and with a wildcard on the same port', () => {
    assert.equal(collide('127.0.0.1:1', '127.0.0.1:1'), true);
    assert.equal(collide('0.0.0.0:1', '127.0.0.1:1'), true);
    assert.equal(collide('127.0.0.1:1', ':1'), true);
    assert.equal(collide('127.0.0.1:1', '127.0.0.2:1'), false);
    assert.equal(collide('0.0.0.0:1', '0.0.0.0:2'), false);
    assert.equal(collide('0.0.0.0:0', '0.0.0.0:0'), false);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  formatListenAddress,
  isLoopback,
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

  test('is read back from what it is written as', () => {
    const hosts = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constantFrom('::', 'localhost'));
    fc.assert(
      fc.property(hosts, fc.nat(65_535), (host, port) => {
        const address = { host, port };
        assert.deepEqual(parseListenAddress(formatListenAddress(address)), address);
      }),
    );
  });

  test('is one that can be written, or none, whatever the text', () => {
    const unit = fc.constantFrom('a', '0', '.', ':', '[', ']', '::1', '65536', '-', '/', '%', ' ');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 3 }), fc.nat(99_999), (host, number) => {
        const address = parseListenAddress(`${host}:${number}`);
        if (address === undefined) return;
        assert.ok(address.port >= 0 && address.port <= 65_535);
        assert.deepEqual(parseListenAddress(formatListenAddress(address)), address);
      }),
      { numRuns: 1000 },
    );
  });

  test('collides with the same one, and with a wildcard on the same port', () => {
    assert.equal(collide('127.0.0.1:1', '127.0.0.1:1'), true);
    assert.equal(collide('0.0.0.0:1', '127.0.0.1:1'), true);
    assert.equal(collide('127.0.0.1:1', ':1'), true);
    assert.equal(collide('127.0.0.1:1', '127.0.0.2:1'), false);
    assert.equal(collide('0.0.0.0:1', '0.0.0.0:2'), false);
    assert.equal(collide('0.0.0.0:0', '0.0.0.0:0'), false);
  });
});

describe('is reached from the same machine alone', () => {
  for (const host of [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '::ffff:127.0.0.1',
    'localhost',
    'LocalHost',
  ]) {
    test(`at ${host}`, () => assert.ok(isLoopback({ host, port: 1 })));
  }

  for (const host of ['0.0.0.0', '::', '10.0.0.1', '128.0.0.1', '::2', 'localhost.example.com']) {
    test(`not at ${host}`, () => assert.ok(!isLoopback({ host, port: 1 })));
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseHost, parseRegistryHost } from '../../src/config/registryHost.ts';
import { anyText } from '../support/anyText.ts';

describe('a host', () => {
  const hosts = [
    'docker.io',
    'auth',
    'localhost:5000',
    '[::1]:5000',
    '[fd00::1]',
    '10.0.0.1',
    'a-b.c',
  ];
  for (const text of hosts) {
    test(`"${text}" is one`, () => {
      assert.equal(parseHost(text), text);
    });
  }

  const none = [
    '',
    'a/b',
    'https://a.b',
    'a.b:0',
    'a.b:65536',
    'a..b',
    '-a.b',
    'u@a.b',
    '[x]',
    '::1',
  ];
  for (const text of none) {
    test(`"${text}" is none`, () => {
      assert.equal(parseHost(text), undefined);
    });
  }

  test('is any domain or address, with any port', () => {
    const anyHost = fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    );
    fc.assert(
      fc.property(anyHost, fc.option(fc.integer({ min: 1, max: 65_535 })), (host, port) => {
        const text = port === null ? host : `${host}:${port}`;
        assert.equal(parseHost(text), text.toLowerCase());
        assert.equal(parseRegistryHost(text.toUpperCase()), text.toLowerCase());
      }),
    );
  });

  test('is nothing that could lead out of the place of a host in an address', () => {
    const unit = fc.constantFrom('a', 'B', '.', '-', ':', '::1', '/', '@', '?');
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit, maxLength: 4 }), anyText()), (text) => {
        const host = parseHost(text);
        if (host === undefined) return;
        assert.equal(parseHost(host), host);
        assert.doesNotMatch(host, /[^a-z0-9.:[\]-]/);
        const url = URL.parse(`http://${host}/`);
        if (url !== null) assert.deepEqual([url.pathname, url.username], ['/', '']);
      }),
      { numRuns: 3000 },
    );
  });

  test('is read into lower case', () => {
    assert.equal(parseHost('GHCR.io:443'), 'ghcr.io:443');
  });

  test('names a registry if it has a dot or a port, or is localhost', () => {
    assert.equal(parseRegistryHost('ghcr.io'), 'ghcr.io');
    assert.equal(parseRegistryHost('registry:5000'), 'registry:5000');
    assert.equal(parseRegistryHost('localhost'), 'localhost');
    assert.equal(parseRegistryHost('library'), undefined);
  });
});

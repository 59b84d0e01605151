import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseHost, parseRegistryHost } from '../../src/config/registryHost.ts';

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

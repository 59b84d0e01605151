import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDemand } from '../../src/upstream/demand.ts';

test('a Bearer challenge is read with all that belongs to it', () => {
  const header =
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull",error="insufficient_scope"';
  assert.deepEqual(readDemand({ 'www-authenticate': header }), {
    scheme: 'bearer',
    realm: 'https://auth.docker.io/token',
    service: 'registry.docker.io',
    scope: 'repository:library/alpine:pull',
    error: 'insufficient_scope',
  });
});

test('Bearer is preferred where Basic is offered too', () => {
  const lines = ['Basic realm="r"', 'Bearer realm="https://auth.example/token"'];
  assert.equal(readDemand({ 'www-authenticate': lines })?.scheme, 'bearer');
});

test('Basic is taken where it is offered alone, or Bearer without a realm beside it', () => {
  assert.deepEqual(readDemand({ 'www-authenticate': 'Basic realm="r"' }), { scheme: 'basic' });
  const lines = ['Bearer service="s"', 'Basic realm="r"'];
  assert.deepEqual(readDemand({ 'www-authenticate': lines }), { scheme: 'basic' });
});

test('no challenge, or an unknown one, is no demand that could be met', () => {
  assert.equal(readDemand({}), undefined);
  assert.equal(readDemand({ 'www-authenticate': 'Negotiate' }), undefined);
});

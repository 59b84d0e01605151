import assert from 'node:assert/strict';
import type { LookupAddress } from 'node:dns';
import { test } from 'node:test';
import { AddressRules } from '../../src/upstream/addressRules.ts';
import { guardedLookup, type ResolveName } from '../../src/upstream/guardedLookup.ts';
import { startTinyServer } from './tinyServer.ts';
import { openTestUpstream, reference, rejection, repository } from './testUpstream.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';

const rules = new AddressRules({
  host: 'docker.io',
  base: new URL('https://registry-1.docker.io'),
  trustedHosts: [],
});
const mixed: LookupAddress[] = [
  { address: '10.0.0.1', family: 4 },
  { address: '1.1.1.1', family: 4 },
  { address: '2606:4700::1', family: 6 },
];

function resolvesTo(addresses: LookupAddress[]): ResolveName {
  return (_hostname, _options, callback) => {
    callback(null, addresses);
  };
}

test('a lookup of all addresses leaves out the private ones', (_t, done) => {
  guardedLookup(rules, resolvesTo(mixed))('cdn.example', { all: true }, (error, addresses) => {
    assert.equal(error, null);
    assert.deepEqual(addresses, mixed.slice(1));
    done();
  });
});

test('a lookup of one address gives the first that is permitted', (_t, done) => {
  guardedLookup(rules, resolvesTo(mixed))('cdn.example', {}, (error, address, family) => {
    assert.equal(error, null);
    assert.deepEqual([address, family], ['1.1.1.1', 4]);
    done();
  });
});

test('the family that a socket wants is asked for', (_t, done) => {
  const asked: unknown[] = [];
  const resolve: ResolveName = (_hostname, options, callback) => {
    asked.push(options);
    callback(null, mixed);
  };
  guardedLookup(rules, resolve)('cdn.example', { family: 6 }, () => {
    assert.deepEqual(asked, [{ family: 6, all: true }]);
    done();
  });
});

test('a name that cannot be resolved fails with the error of the resolver', (_t, done) => {
  const fault = new Error('ENOTFOUND');
  const resolve: ResolveName = (_hostname, _options, callback) => {
    callback(fault, []);
  };
  guardedLookup(rules, resolve)('cdn.example', { all: true }, (error) => {
    assert.equal(error, fault);
    done();
  });
});

test('a redirect to a name that resolves to a private address is never connected to', async (t) => {
  const inner = await startTinyServer(t, (_request, response) => {
    response.end('a secret of this network');
  });
  const { port } = new URL(inner.url);
  const registry = await startTinyServer(t, (_request, response) => {
    response.writeHead(307, { location: `http://rebound.example:${port}/` }).end();
  });
  const { upstream } = openTestUpstream(t, {
    url: `http://registry.example:${new URL(registry.url).port}`,
    resolve: resolvesTo([{ address: '127.0.0.1', family: 4 }]),
  });
  const error = await rejection(
    upstream.headManifest(repository('library/alpine'), reference('latest')),
  );
  assert.ok(error instanceof UpstreamError);
  assert.equal(error.failure, 'forbidden_address');
  assert.match(error.message, /rebound\.example/);
  assert.deepEqual([registry.requests.length, inner.requests.length], [1, 0]);
});

test('a trusted name may resolve to a private address', async (t) => {
  const inner = await startTinyServer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x', 'content-length': '2' }).end();
  });
  const { port } = new URL(inner.url);
  const registry = await startTinyServer(t, (_request, response) => {
    response.writeHead(307, { location: `http://minio.example:${port}/` }).end();
  });
  const { upstream } = openTestUpstream(t, {
    url: `http://registry.example:${new URL(registry.url).port}`,
    trustedHosts: ['minio.example'],
    resolve: resolvesTo([{ address: '127.0.0.1', family: 4 }]),
  });
  const head = await upstream.headManifest(repository('library/alpine'), reference('latest'));
  assert.equal(head?.mediaType, 'application/x');
});

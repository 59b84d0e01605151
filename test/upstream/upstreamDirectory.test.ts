import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Upstream } from '../../src/upstream/upstream.ts';
import { UpstreamDirectory } from '../../src/upstream/upstreamDirectory.ts';

function named(host: string): Upstream {
  return { host } as Upstream;
}

const hub = named('docker.io');
const github = named('ghcr.io');
const directory = new UpstreamDirectory(
  [{ upstream: hub }, { upstream: github, aliases: ['docker.pkg.github.com'] }],
  'docker.io',
);

test('an upstream is found by its name and its aliases, in any case', () => {
  assert.equal(directory.find('ghcr.io'), github);
  assert.equal(directory.find('GHCR.io'), github);
  assert.equal(directory.find('docker.pkg.github.com'), github);
});

test('docker.io goes by the names of its hosts as well', () => {
  assert.equal(directory.find('index.docker.io'), hub);
  assert.equal(directory.find('registry-1.docker.io'), hub);
});

test('what is not configured is not found', () => {
  assert.equal(directory.find('quay.io'), undefined);
  assert.equal(directory.find('constructor'), undefined);
  assert.equal(directory.find(''), undefined);
});

test('the default is one of the configured ones, by any of its names', () => {
  assert.equal(directory.default, hub);
  const entries = [{ upstream: github, aliases: ['packages'] }];
  assert.equal(new UpstreamDirectory(entries, 'Packages').default, github);
  assert.throws(() => new UpstreamDirectory(entries, 'docker.io'), /docker\.io/);
});

test('a name of its own goes before an alias of another', () => {
  const registry = named('registry-1.docker.io');
  const both = new UpstreamDirectory([{ upstream: hub }, { upstream: registry }], 'docker.io');
  assert.equal(both.find('registry-1.docker.io'), registry);
  assert.deepEqual(both.upstreams, [hub, registry]);
});

test('the names of Docker Hub mean nothing where docker.io is not configured', () => {
  const alone = new UpstreamDirectory([{ upstream: github }], 'ghcr.io');
  assert.equal(alone.find('index.docker.io'), undefined);
});

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import { startMirror, type TestMirror } from '../support/testMirror.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { wireClient, type Ask } from './wireAnswer.ts';

const onHub = buildImage({ seed: 'alpine on Docker Hub' });
const onGithub = buildImage({ seed: 'alpine on ghcr.io' });
const atHome = buildImage({ seed: 'app at home' });

/** A mirror before three upstreams that have different images, some under equal names. */
async function startThree(t: TestContext): Promise<{
  hub: ScriptedHub;
  github: ScriptedHub;
  home: ScriptedHub;
  ask: Ask;
  mirror: TestMirror;
}> {
  const [hub, github, home] = await Promise.all([startHub(t), startHub(t), startHub(t)]);
  hub.addImage('library/alpine', onHub, { tags: ['latest'] });
  hub.addImage('owner/image', onHub, { tags: ['latest'] });
  github.addImage('owner/image', onGithub, { tags: ['latest'] });
  github.addImage('alpine', onGithub, { tags: ['latest'] });
  home.addImage('app', atHome, { tags: ['latest'] });
  const mirror = await startMirror(t, [
    hub,
    { ...github, host: 'ghcr.io' },
    { ...home, host: 'registry.local:5000' },
  ]);
  return { hub, github, home, mirror, ask: wireClient(mirror.port) };
}

test('a name means the upstream that ns or its first component names, else the default one', async (t) => {
  const { ask } = await startThree(t);
  for (const [path, image] of [
    ['/v2/library/alpine/manifests/latest', onHub],
    ['/v2/alpine/manifests/latest', onHub],
    ['/v2/owner/image/manifests/latest', onHub],
    ['/v2/docker.io/library/alpine/manifests/latest', onHub],
    ['/v2/docker.io/alpine/manifests/latest', onHub],
    ['/v2/registry-1.docker.io/library/alpine/manifests/latest', onHub],
    ['/v2/ghcr.io/owner/image/manifests/latest', onGithub],
    ['/v2/GHCR.io/owner/image/manifests/latest', onGithub],
    ['/v2/ghcr.io/alpine/manifests/latest', onGithub],
    ['/v2/registry.local:5000/app/manifests/latest', atHome],
    ['/v2/registry.local%3A5000/app/manifests/latest', atHome],
    ['/v2/owner/image/manifests/latest?ns=ghcr.io', onGithub],
    ['/v2/alpine/manifests/latest?ns=ghcr.io', onGithub],
    ['/v2/alpine/manifests/latest?ns=docker.io', onHub],
    ['/v2/app/manifests/latest?ns=registry.local:5000', atHome],
    ['/v2/app/manifests/latest?ns=registry.local%3A5000', atHome],
    ['/v2/owner/image/manifests/latest?ns=', onHub],
  ] as const) {
    const answer = await ask('GET', path);
    assert.equal(answer.status, 200, path);
    assert.deepEqual(answer.body, image.manifest.bytes, path);
  }
});

test('ns is echoed as it was sent, for every alias and in any case', async (t) => {
  const { ask } = await startThree(t);
  for (const ns of ['docker.io', 'Docker.IO', 'index.docker.io', 'registry-1.docker.io']) {
    for (const target of [
      `/v2/library/alpine/manifests/latest?ns=${ns}`,
      `/v2/library/alpine/blobs/${onHub.config.digest}?ns=${ns}`,
      `/v2/library/alpine/tags/list?ns=${ns}`,
      `/v2/library/alpine/referrers/${onHub.manifest.digest}?ns=${ns}`,
      `/v2/library/alpine/manifests/missing?ns=${ns}`,
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const { headers } = await ask(method, target);
        assert.equal(headers['oci-namespace'], ns, target);
      }
    }
  }
  const { headers } = await ask('GET', '/v2/library/alpine/manifests/latest');
  assert.equal(headers['oci-namespace'], undefined);
});

test('an ns that names no upstream is unknown and never dialled', async (t) => {
  const { hub, github, home, ask } = await startThree(t);
  const elsewhere = await startHub(t);
  elsewhere.addImage('library/alpine', onHub, { tags: ['latest'] });
  for (const ns of [
    new URL(elsewhere.registryUrl).host,
    elsewhere.registryUrl,
    'quay.io',
    'localhost',
    'ghcr.io.',
    'ghcr.io%20',
    'ghcr.io/',
    'ghcr.io%00',
    'registry.local',
    // A letter beyond ASCII whose lower case is the k of docker.io.
    'doc%E2%84%AAer.io',
    '%ff',
    '..',
  ]) {
    const answer = await ask('GET', `/v2/library/alpine/manifests/latest?ns=${ns}`);
    assertRegistryError(answer, 404, 'NAME_UNKNOWN', ns);
    assert.equal(answer.headers['oci-namespace'], undefined);
  }
  for (const upstream of [hub, github, home, elsewhere]) assert.equal(upstream.count(), 0);
});

test('more than one ns is refused', async (t) => {
  const { hub, github, ask } = await startThree(t);
  for (const query of ['ns=docker.io&ns=ghcr.io', 'ns=ghcr.io&ns=ghcr.io', 'ns=&ns=ghcr.io']) {
    const answer = await ask('GET', `/v2/library/alpine/manifests/latest?${query}`);
    assertRegistryError(answer, 400, 'REQUEST_INVALID', query);
  }
  assert.equal(hub.count() + github.count(), 0);
});

test('library/ is implied on Docker Hub alone, and for one component alone', async (t) => {
  const { hub, github, ask } = await startThree(t);
  hub.addImage('solo', onGithub, { tags: ['latest'] });
  github.addImage('library/solo', onHub, { tags: ['latest'] });
  for (const path of ['/v2/solo/manifests/latest', '/v2/ghcr.io/solo/manifests/latest']) {
    assertRegistryError(await ask('GET', path), 404, 'NAME_UNKNOWN', path);
  }
  assert.equal(hub.count({ repository: 'solo' }), 0);
  assert.equal(github.count({ repository: 'library/solo' }), 0);
  const tags = await ask('GET', '/v2/alpine/tags/list');
  assert.deepEqual(JSON.parse(tags.body.toString()), { name: 'library/alpine', tags: ['latest'] });
});

test('a host alone is no repository of that host', async (t) => {
  const { github, ask } = await startThree(t);
  const answer = await ask('GET', '/v2/ghcr.io/manifests/latest');
  assertRegistryError(answer, 404, 'NAME_UNKNOWN');
  assert.equal(github.count(), 0);
});

test('an invalid name is refused without asking anyone', async (t) => {
  const { hub, github, home, ask } = await startThree(t);
  for (const name of [
    'Alpine',
    'library/Alpine',
    '-a',
    'a-',
    'a..b',
    'a___b',
    'a/',
    'a//b',
    '/a',
    'a%2Fb',
    'library%2Falpine',
    'ghcr.io%2Fowner/image',
    'a b',
    'a%20b',
    'ä',
    'other.registry:5000/app',
    'x'.repeat(256),
    `${'x/'.repeat(200)}x`,
  ]) {
    for (const ns of ['', '?ns=ghcr.io']) {
      const target = `/v2/${name}/manifests/latest${ns}`;
      const answer = await ask('GET', Buffer.from(target).toString('latin1'));
      assert.equal(answer.status, 400, target);
    }
  }
  for (const upstream of [hub, github, home]) assert.equal(upstream.count(), 0);
});

test('content is kept apart by upstream, though its bytes are kept once', async (t) => {
  const { hub, github, ask } = await startThree(t);
  const { digest } = onHub.config;
  await ask('GET', `/v2/library/alpine/blobs/${digest}`);
  const other = await ask('GET', `/v2/owner/image/blobs/${digest}?ns=ghcr.io`);
  assertRegistryError(other, 404, 'BLOB_UNKNOWN');
  assert.equal(hub.count({ operation: 'cdn_get' }), 1);
  assert.equal(github.count({ operation: 'cdn_get' }), 0);
});

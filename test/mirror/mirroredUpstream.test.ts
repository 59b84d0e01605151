import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MirroredUpstreams } from '../../src/mirror/mirroredUpstream.ts';
import { buildImage } from '../support/images.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { startMirror } from '../support/testMirror.ts';
import { ask, getManifest, pullImage } from './pulls.ts';
import { startScene } from './scene.ts';

test('an upstream is found by its name and its aliases, in any case, and by nothing else', async (t) => {
  const { mirror } = await startScene(t);
  const { upstreams } = mirror.mirror;
  for (const name of ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'Docker.IO']) {
    assert.equal(upstreams.find(name), upstreams.default);
  }
  const { port } = new URL(mirror.url);
  for (const name of ['', 'ghcr.io', 'hub.docker.io', `127.0.0.1:${port}`, '__proto__']) {
    assert.equal(upstreams.find(name), undefined);
  }
});

test('a default that is none of the upstreams is refused', async (t) => {
  const { mirror } = await startScene(t);
  const { default: only } = mirror.mirror.upstreams;
  assert.throws(() => new MirroredUpstreams([only], 'ghcr.io'), /ghcr\.io/);
});

test('two upstreams keep repositories of one name apart', async (t) => {
  const first = await startHub(t);
  const second = await startHub(t);
  const ours = buildImage({ seed: 'ours' });
  const theirs = buildImage({ seed: 'theirs' });
  first.addImage('library/alpine', ours, { tags: ['3.20'] });
  second.addImage('library/alpine', theirs, { tags: ['3.20'] });
  const mirror = await startMirror(t, [first, { ...second, host: 'ghcr.io' }]);
  await pullImage(mirror, 'library/alpine', '3.20', ours);
  await pullImage(mirror, 'ghcr.io/library/alpine', '3.20', theirs);
  const path = `/v2/library/alpine/manifests/${ours.manifest.digest}`;
  assert.equal((await ask(mirror, `${path}?ns=ghcr.io`)).status, 404);
  assert.equal((await getManifest(mirror, 'library/alpine', ours.manifest.digest)).status, 200);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildImage } from '../support/images.ts';
import {
  ask,
  errorCode,
  getBlob,
  getManifest,
  headManifest,
  pullBlob,
  pullImage,
} from './pulls.ts';
import { startScene } from './scene.ts';

const repository = 'library/alpine';
const other = 'library/debian';
const image = buildImage();
const { digest } = image.manifest;
const year = 365 * 24 * 3_600_000;

test('offline, what is held is pulled by tag and digest, however old, and nothing is asked', async (t) => {
  const { clock, hub, mirror, restart } = await startScene(t);
  hub.addImage(repository, image, { tags: ['3.20'] });
  await pullImage(mirror, repository, '3.20', image);
  const offline = await restart({ offline: true });
  hub.forget();
  clock.advance(year);
  await pullImage(offline, repository, '3.20', image);
  await pullImage(offline, repository, digest, image);
  assert.equal((await headManifest(offline, repository, '3.20')).headers['x-cache'], 'hit');
  assert.deepEqual(hub.requests, []);
});

test('offline, what is not held is answered with 503 on every route, and nothing is asked', async (t) => {
  const { hub, mirror } = await startScene(t, { offline: true });
  hub.addImage(repository, image, { tags: ['3.20'] });
  const answers = await Promise.all([
    getManifest(mirror, repository, '3.20'),
    getManifest(mirror, repository, digest),
    getBlob(mirror, repository, image.config.digest),
    ask(mirror, `/v2/${repository}/tags/list`),
    ask(mirror, `/v2/${repository}/referrers/${digest}`),
  ]);
  for (const answer of answers) {
    assert.deepEqual([answer.status, errorCode(answer)], [503, 'UNAVAILABLE']);
  }
  assert.equal((await headManifest(mirror, repository, '3.20')).status, 503);
  assert.equal((await headManifest(mirror, repository, digest)).status, 503);
  assert.deepEqual(hub.requests, []);
});

test('offline, an image of which a layer is missing is answered with 503', async (t) => {
  const { hub, mirror, restart } = await startScene(t);
  hub.addImage(repository, image, { tags: ['3.20'] });
  await getManifest(mirror, repository, '3.20');
  await pullBlob(mirror, repository, image.config);
  const offline = await restart({ offline: true });
  for (const reference of ['3.20', digest]) {
    assert.equal((await getManifest(offline, repository, reference)).status, 503);
    assert.equal((await headManifest(offline, repository, reference)).status, 503);
  }
});

test('offline, what is held through one repository is served under no other', async (t) => {
  const { hub, mirror, restart } = await startScene(t);
  hub.addImage(repository, image, { tags: ['3.20'] });
  hub.addImage(other, image);
  await pullImage(mirror, repository, '3.20', image);
  const offline = await restart({ offline: true });
  hub.forget();
  assert.equal((await getManifest(offline, other, digest)).status, 503);
  assert.equal((await getBlob(offline, other, image.config.digest)).status, 503);
  assert.deepEqual(hub.requests, []);
});

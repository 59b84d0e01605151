import assert from 'node:assert/strict';
import { once } from 'node:events';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { Digest } from '../../src/registry/digest.ts';
import { breakWrites } from '../store/fileFaults.ts';
import { blobBytes, generatedBlob } from '../support/blobContent.ts';
import { personalAccount } from '../support/hub/accounts.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { startMirror } from '../support/testMirror.ts';
import {
  ask,
  askRaw,
  blobPath,
  filled,
  getBlob,
  getManifest,
  headManifest,
  pullImage,
} from './pulls.ts';
import { layoutOf, startScene, timesObserved, type Scene } from './scene.ts';

const repository = 'library/alpine';
const mebibyte = 1024 * 1024;
const layer = generatedBlob({ size: 3 * mebibyte, seed: 'a layer' });
const image = buildImage({ layers: [layer] });
const noRoom = { minFree: Number.MAX_SAFE_INTEGER };

/** Has a client read 1 MiB of the layer, then the disk fail and the rest come; gives the whole answer. */
async function readAcrossFullDisk(t: TestContext, { hub, mirror }: Scene): Promise<Buffer> {
  const stall = hub.fault({ at: 'blob_body', stallAfter: mebibyte, times: 1 });
  const client = await openRawConnection(mirror.port);
  const path = blobPath(repository, layer.digest);
  client.send(`GET ${path} HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n`);
  while (client.received().length < mebibyte - 1000) await once(client.socket, 'data');
  await breakWrites(t, Object.assign(new Error('no space'), { code: 'ENOSPC' }));
  stall.release();
  assert.equal(await client.ended, 'fin');
  const wire = client.received();
  return wire.subarray(wire.indexOf('\r\n\r\n') + 4);
}

describe('a blob under which the disk gives out', () => {
  test('is told to be right from all of its bytes, those before included', async (t) => {
    const scene = await startScene(t);
    scene.hub.addImage(repository, image, { tags: ['3.20'] });
    assert.ok((await readAcrossFullDisk(t, scene)).equals(blobBytes(layer)));
  });

  test('ends short when what comes then is wrong', async (t) => {
    const scene = await startScene(t);
    scene.hub.addImage(repository, image, { tags: ['3.20'] });
    scene.hub.fault({ at: 'blob_body', wrongByteAt: 2 * mebibyte });
    assert.ok((await readAcrossFullDisk(t, scene)).length < layer.size);
    assert.equal(timesObserved(scene.mirror, 'digestMismatched'), 1);
  });
});

describe('a blob that passes the disk by', () => {
  test('is no answer when the upstream says that it is empty, and it is not', async (t) => {
    const { hub, mirror } = await startScene(t, noRoom);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.fault({ at: 'blob_body', body: '' });
    assert.equal((await getBlob(mirror, repository, layer.digest)).status, 503);
  });

  test('is asked for a few times only when each time a little comes', async (t) => {
    const { hub, mirror } = await startScene(t, noRoom);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.fault({ at: 'blob_body', cutAfter: 1000 });
    const answer = await askRaw(mirror, blobPath(repository, layer.digest));
    assert.equal(answer.end, 'fin');
    assert.ok(hub.count({ operation: 'cdn_get' }) <= 5);
  });
});

describe('a registry that answers everything with a page', () => {
  const soft = 'library/soft';

  async function startSoft(t: TestContext): Promise<Scene> {
    const scene = await startScene(t, { resumeDelays: [] });
    scene.hub.addImage('acme/app', image, { tags: ['1'] });
    scene.hub.addImage(soft, buildImage({ seed: 'soft' }), { tags: ['1'] });
    return scene;
  }

  test('is not taken to have what it was asked for', async (t) => {
    const { hub, mirror } = await startSoft(t);
    const page = hub.fault({ at: 'blob_redirect', html: true });
    await askRaw(mirror, blobPath(soft, layer.digest));
    await filled(mirror, layer.digest);
    page.clear();
    await pullImage(mirror, 'acme/app', '1', image);
    assert.equal((await getBlob(mirror, soft, layer.digest)).status, 404);
  });

  test('is given nothing of what another repository left half fetched', async (t) => {
    const { hub, mirror } = await startSoft(t);
    hub.fault({ at: 'blob_body', cutAfter: 2 * mebibyte, times: 1 });
    await askRaw(mirror, blobPath('acme/app', layer.digest));
    await filled(mirror, layer.digest);
    const body = 'x'.repeat(layer.size);
    hub.fault({ at: 'blob_redirect', status: 200, body, when: ({ path }) => path.includes(soft) });
    const { bytes } = await askRaw(mirror, blobPath(soft, layer.digest));
    assert.ok(bytes.every((byte) => byte === 'x'.charCodeAt(0)));
  });
});

test('a repository that is gone in the middle of a transfer is gone at once', async (t) => {
  const { hub, mirror } = await startScene(t);
  const other = buildImage({ seed: 'other' });
  hub.addImage(repository, image, { tags: ['3.20'] });
  hub.addImage(repository, other, { tags: ['other'] });
  await pullImage(mirror, repository, 'other', other);
  hub.fault({ at: 'blob_body', cutAfter: 2 * mebibyte, times: 1 });
  hub.fault({ at: ['blob_redirect', 'manifest_head'], status: 403, after: 1 });
  await askRaw(mirror, blobPath(repository, layer.digest));
  await filled(mirror, layer.digest);
  assert.equal((await getManifest(mirror, repository, 'other')).status, 404);
});

test('a page of HTML with 403 to a list does not make a held repository forgotten', async (t) => {
  const { hub, mirror } = await startScene(t);
  hub.addImage(repository, image, { tags: ['3.20'] });
  await pullImage(mirror, repository, '3.20', image);
  const headers = { 'content-type': 'text/html' };
  hub.fault({ at: 'tags', status: 403, body: '<html>no</html>', headers });
  assert.equal((await ask(mirror, `/v2/${repository}/tags/list?n=1&last=x`)).status, 503);
  await hub.goDown();
  await pullImage(mirror, repository, '3.20', image);
});

test('a blob is not kept waiting by another upstream that is asked for it and hangs', async (t) => {
  const [slow, good] = [await startHub(t), await startHub(t)];
  const mirror = await startMirror(t, [{ ...good }, { ...slow, host: 'slow.test' }]);
  for (const hub of [slow, good]) hub.addImage(repository, image, { tags: ['3.20'] });
  const held = slow.fault({ at: 'blob_redirect', delayHeaders: 'hold' });
  const path = blobPath(repository, layer.digest);
  const first = askRaw(mirror, `${path}?ns=slow.test`);
  await slow.waitFor({ operation: 'blob_get' });
  assert.ok((await getBlob(mirror, repository, layer.digest)).bytes.equals(blobBytes(layer)));
  held.release();
  assert.equal((await first).status, 200);
});

test('what becomes private is not fetched with the account while nobody can say that it did', async (t) => {
  const account = { name: personalAccount.username, secret: personalAccount.password };
  const { clock, hub, mirror } = await startScene(t, { account });
  hub.addImage('acme/app', image, { tags: ['1'] });
  await pullImage(mirror, 'acme/app', '1', image);
  hub.makePrivate('acme/app', [personalAccount.username]);
  hub.addImage('acme/app', buildImage({ seed: 'secret' }), { tags: ['2'] });
  clock.advance(2 * 3_600_000);
  hub.fault({ at: 'token', status: 503, when: ({ headers }) => !('authorization' in headers) });
  assert.equal((await getManifest(mirror, 'acme/app', '2')).status, 503);
  assert.equal((await headManifest(mirror, 'acme/app', '2')).status, 503);
});

test('a tag of an image that is held in part is asked for again as soon as it can be', async (t) => {
  const { clock, hub, mirror } = await startScene(t, { tagFreshness: 1000 });
  hub.addImage(repository, image, { tags: ['3.20'] });
  await getManifest(mirror, repository, '3.20');
  clock.advance(2000);
  hub.fault({ at: 'manifest_head', status: 500, times: 1 });
  assert.equal((await getManifest(mirror, repository, '3.20')).status, 503);
  assert.equal((await getManifest(mirror, repository, '3.20')).status, 200);
});

test('a link to nowhere among the files of transfers keeps nothing from starting', async (t) => {
  const { mirror, restart } = await startScene(t);
  const { incoming } = layoutOf(mirror);
  const digest = layer.digest.replace(':', '-') as Digest;
  await symlink('/nowhere', join(incoming, `${digest}.link`));
  await restart();
});

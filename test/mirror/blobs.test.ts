import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { request } from 'undici';
import { blobBytes, fixedBlob, generatedBlob } from '../support/blobContent.ts';
import { paidAccount } from '../support/hub/accounts.ts';
import { buildImage } from '../support/images.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import {
  ask,
  blobPath,
  errorCode,
  filled,
  getBlob,
  getManifest,
  pullBlob,
  pullImage,
} from './pulls.ts';
import { layoutOf, startScene, timesObserved } from './scene.ts';

const repository = 'library/alpine';
const other = 'library/debian';
const hour = 3_600_000;
const layer = generatedBlob({ size: 400_000, seed: 'a layer' });
const image = buildImage({ layers: [layer] });

describe('a blob that is held through one repository', () => {
  test('is checked upstream for another one before it is served, and remembered', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, image);
    await pullImage(mirror, repository, '3.20', image);
    hub.forget();
    const first = await pullBlob(mirror, other, layer);
    assert.equal(first.headers['x-cache'], 'revalidated');
    assert.equal(hub.count({ operation: 'blob_get', repository: other, status: 307 }), 1);
    await hub.idle();
    assert.equal(hub.bytesSent('cdn'), 1);
    hub.forget();
    const second = await pullBlob(mirror, other, layer);
    assert.equal(second.headers['x-cache'], 'hit');
    assert.deepEqual(hub.requests, []);
  });

  test('is checked once for many clients', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, image);
    await pullImage(mirror, repository, '3.20', image);
    hub.forget();
    await Promise.all(Array.from({ length: 20 }, () => pullBlob(mirror, other, layer)));
    assert.equal(hub.count({ operation: 'blob_get', status: 307 }), 1);
  });

  test('is not found under another one that lacks it', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, buildImage({ seed: 'other' }));
    await pullImage(mirror, repository, '3.20', image);
    const answer = await getBlob(mirror, other, layer.digest);
    assert.deepEqual([answer.status, errorCode(answer)], [404, 'BLOB_UNKNOWN']);
  });

  test('is not found under a repository that does not exist', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    const answer = await getBlob(mirror, 'library/nothing', layer.digest);
    assert.deepEqual([answer.status, errorCode(answer)], [404, 'NAME_UNKNOWN']);
  });

  test('is refused under another one while the upstream cannot be asked', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, image);
    await pullImage(mirror, repository, '3.20', image);
    await hub.goDown();
    const answer = await getBlob(mirror, other, layer.digest);
    assert.deepEqual([answer.status, errorCode(answer)], [503, 'UNAVAILABLE']);
  });

  test('needs no check under another one whose manifest names it', async (t) => {
    const { hub, mirror } = await startScene(t);
    const second = buildImage({ seed: 'other', layers: [layer] });
    hub.addImage(repository, image, { tags: ['3.20'] });
    hub.addImage(other, second, { tags: ['12'] });
    await pullImage(mirror, repository, '3.20', image);
    await getManifest(mirror, other, '12');
    hub.forget();
    assert.equal((await pullBlob(mirror, other, layer)).headers['x-cache'], 'hit');
    assert.deepEqual(hub.requests, []);
  });
});

describe('a blob that is on its way', () => {
  test('is not served to a repository that the upstream has said is gone meanwhile', async (t) => {
    const { clock, hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await getManifest(mirror, repository, '3.20');
    const stall = hub.fault({ at: 'blob_body', stallAfter: 1000 });
    const client = await openRawConnection(mirror.port);
    client.send(`GET ${blobPath(repository, layer.digest)} HTTP/1.1\r\nHost: mirror\r\n\r\n`);
    await client.until('\r\n\r\n');
    hub.makePrivate(repository);
    clock.advance(hour);
    await getManifest(mirror, repository, '3.20');
    const answer = await getBlob(mirror, repository, layer.digest);
    assert.deepEqual([answer.status, errorCode(answer)], [404, 'NAME_UNKNOWN']);
    stall.release();
    await filled(mirror, layer.digest);
    client.destroy();
  });

  test('is served in ranges, which wait for their bytes', async (t) => {
    const { hub, mirror } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    const stall = hub.fault({ at: 'blob_body', stallAfter: 1000 });
    const whole = pullBlob(mirror, repository, layer);
    await hub.waitFor({ operation: 'cdn_get' });
    const headers = { range: 'bytes=399000-' };
    const part = ask(mirror, blobPath(repository, layer.digest), { headers });
    stall.release();
    const { status, bytes } = await part;
    assert.equal(status, 206);
    assert.ok(bytes.equals((await whole).bytes.subarray(399_000)));
    assert.equal(hub.count({ operation: 'cdn_get' }), 1);
  });
});

describe('a blob that was evicted', () => {
  test('reaches its reader whole all the same', async (t) => {
    const large = generatedBlob({ size: 16_000_000, seed: 'large' });
    const { hub, mirror } = await startScene(t, { maxSize: 17_000_000 });
    hub.addImage(repository, buildImage({ layers: [large, layer] }));
    await pullBlob(mirror, repository, large);
    await filled(mirror, large.digest);
    // Nothing is read of it yet, and it is more than the sockets' buffers hold.
    const { body } = await request(`${mirror.url}${blobPath(repository, large.digest)}`);
    const more = generatedBlob({ size: 2_000_000, seed: 'more' });
    hub.addImage(repository, buildImage({ seed: 'more', layers: [more] }));
    await pullBlob(mirror, repository, more);
    await filled(mirror, more.digest);
    assert.equal(timesObserved(mirror, 'evicted'), 1);
    assert.equal(mirror.store.blobs.describe(large.digest), undefined);
    assert.ok(Buffer.from(await body.arrayBuffer()).equals(blobBytes(large)));
  });

  test('is fetched anew', async (t) => {
    const { hub, mirror } = await startScene(t, { maxSize: 500_000 });
    const second = generatedBlob({ size: 400_000, seed: 'second' });
    hub.addImage(repository, buildImage({ layers: [layer, second] }));
    for (const one of [layer, second, layer]) {
      await pullBlob(mirror, repository, one);
      await filled(mirror, one.digest);
    }
    assert.equal(hub.count({ operation: 'cdn_get', reference: layer.digest }), 2);
  });
});

test('a blob whose file was taken away is fetched anew', async (t) => {
  const { hub, mirror } = await startScene(t);
  hub.addImage(repository, image, { tags: ['3.20'] });
  await pullImage(mirror, repository, '3.20', image);
  await rm(layoutOf(mirror).blobFile(layer.digest));
  hub.forget();
  await pullBlob(mirror, repository, layer);
  assert.equal(hub.count({ operation: 'cdn_get' }), 1);
});

test('a blob that the upstream does not have is not found', async (t) => {
  const { hub, mirror } = await startScene(t);
  hub.addImage(repository, buildImage());
  const answer = await getBlob(mirror, repository, layer.digest);
  assert.deepEqual([answer.status, errorCode(answer)], [404, 'BLOB_UNKNOWN']);
});

describe('a catalog that fails', () => {
  test('is never taken for an empty one: 500, and nothing is asked upstream', async (t) => {
    const { hub, mirror, restart } = await startScene(t);
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    const second = await restart();
    await second.closeStore();
    hub.forget();
    const answers = await Promise.all([
      getManifest(second, repository, '3.20'),
      getManifest(second, repository, image.manifest.digest),
      getBlob(second, repository, layer.digest),
      getManifest(second, repository, 'unknown'),
      getBlob(second, repository, fixedBlob('unknown').digest),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [500, 500, 500, 500, 500],
    );
    assert.deepEqual(hub.requests, []);
  });

  test('is never taken for an empty one by a mirror that keeps private repositories private', async (t) => {
    const account = { name: paidAccount.username, secret: paidAccount.password };
    const { hub, mirror, restart } = await startScene(t, { account });
    hub.addImage(repository, image, { tags: ['3.20'] });
    await pullImage(mirror, repository, '3.20', image);
    const second = await restart();
    await second.closeStore();
    hub.forget();
    assert.equal((await getManifest(second, repository, '3.20')).status, 500);
    assert.equal((await getBlob(second, repository, image.config.digest)).status, 500);
    assert.deepEqual(hub.requests, []);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { blobBytes, fixedBlob, generatedBlob, type BlobContent } from '../support/blobContent.ts';
import { buildImage } from '../support/images.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { ask, askRaw, blobPath, errorCode, getBlob, pullBlob, pullImage } from './pulls.ts';
import { layoutOf, startScene, timesObserved, type Scene, type SceneOptions } from './scene.ts';

const repository = 'library/alpine';
const blob = generatedBlob({ size: 200_000, seed: 'a blob' });
const bytes = blobBytes(blob);
const path = blobPath(repository, blob.digest);

/** A scene whose disk is declared to be full. */
async function startFull(
  t: Parameters<typeof startScene>[0],
  content: BlobContent = blob,
  options: SceneOptions = {},
): Promise<Scene> {
  const scene = await startScene(t, { minFree: 2 ** 50, ...options });
  scene.hub.addImage(repository, buildImage({ layers: [content] }), { tags: ['3.20'] });
  return scene;
}

describe('without room on the disk', () => {
  test('an image is pulled all the same, and nothing of it is kept', async (t) => {
    const { hub, mirror } = await startFull(t);
    const image = buildImage();
    hub.addImage(repository, image, { tags: ['edge'] });
    await pullImage(mirror, repository, 'edge', image);
    assert.equal(mirror.store.blobs.count, 0);
    assert.deepEqual(await readdir(layoutOf(mirror).incoming), []);
    await pullImage(mirror, repository, 'edge', image);
  });

  test('many clients get all bytes of a blob', async (t) => {
    const { mirror } = await startFull(t);
    await Promise.all(Array.from({ length: 10 }, () => pullBlob(mirror, repository, blob)));
  });

  test('a blob is described by HEAD', async (t) => {
    const { hub, mirror } = await startFull(t);
    const { status, headers } = await ask(mirror, path, { method: 'HEAD' });
    assert.deepEqual([status, headers['content-length']], [200, String(blob.size)]);
    await hub.idle();
  });

  for (const range of ['0-', '0-99', '1000-1999', '199999-', '-1']) {
    test(`the range ${range} of a blob is served`, async (t) => {
      const { mirror } = await startFull(t);
      const answer = await ask(mirror, path, { headers: { range: `bytes=${range}` } });
      const [first = '', last = ''] = range.split('-');
      const start = first === '' ? blob.size - Number(last) : Number(first);
      const end = first === '' || last === '' ? blob.size : Number(last) + 1;
      assert.equal(answer.status, 206);
      assert.ok(answer.bytes.equals(bytes.subarray(start, end)));
    });
  }

  test('a range is served although the CDN ignores Range', async (t) => {
    const { hub, mirror } = await startFull(t);
    hub.fault({ at: 'blob_body', ignoreRange: true });
    const answer = await ask(mirror, path, { headers: { range: 'bytes=150000-' } });
    assert.ok(answer.bytes.equals(bytes.subarray(150_000)));
  });

  test('a blob that the upstream does not have is not found', async (t) => {
    const { mirror } = await startFull(t);
    const answer = await getBlob(mirror, repository, fixedBlob('unknown').digest);
    assert.deepEqual([answer.status, errorCode(answer)], [404, 'BLOB_UNKNOWN']);
  });

  test('the transfer ends when its client goes away', async (t) => {
    const { hub, mirror } = await startFull(t);
    hub.fault({ at: 'blob_body', stallAfter: 1000 });
    const client = await openRawConnection(mirror.port);
    client.send(`GET ${path} HTTP/1.1\r\nHost: mirror\r\n\r\n`);
    await client.until('\r\n\r\n');
    client.destroy();
    await once(client.socket, 'close');
    // The first one was given up when it turned out that there is no room.
    await hub.waitFor({ operation: 'cdn_get', outcome: 'aborted' }, 2);
  });
});

describe('a transfer past the disk that breaks', () => {
  for (const [how, fault] of Object.entries({
    'is cut': { cutAfter: 100_000 },
    'is reset': { resetAfter: 100_000 },
    'is cut before its last byte': { cutAfter: 199_999 },
    'is cut before its first byte': { cutAfter: 0 },
  })) {
    test(`and ${how} is healed`, async (t) => {
      const { hub, mirror } = await startFull(t);
      hub.fault({ at: 'blob_body', ...fault, after: 1, times: 1 });
      await pullBlob(mirror, repository, blob);
      assert.equal(hub.count({ operation: 'cdn_get' }), 3);
    });
  }

  test('is healed at a CDN that ignores Range', async (t) => {
    const { hub, mirror } = await startFull(t);
    hub.fault({ at: 'blob_body', cutAfter: 100_000, after: 1, times: 1 });
    hub.fault({ at: 'blob_body', ignoreRange: true });
    await pullBlob(mirror, repository, blob);
  });

  test('again and again ends the body short with FIN', async (t) => {
    const { hub, mirror } = await startFull(t);
    hub.fault({ at: 'blob_body', cutAfter: 0 });
    const answer = await askRaw(mirror, path);
    assert.equal(answer.end, 'fin');
    assert.equal(answer.headers['content-length'], String(blob.size));
    assert.ok(answer.bytes.length < blob.size);
  });
});

describe('a wrong byte past the disk', () => {
  test('cuts the client off before the end', async (t) => {
    const { hub, mirror } = await startFull(t);
    hub.fault({ at: 'blob_body', wrongByteAt: 1000 });
    const answer = await askRaw(mirror, path);
    assert.equal(answer.end, 'fin');
    assert.ok(answer.bytes.length < blob.size);
    assert.equal(timesObserved(mirror, 'digestMismatched'), 1);
  });

  test('cuts the client off before the end when nobody said how long the blob is', async (t) => {
    const { hub, mirror } = await startFull(t);
    hub.fault({ at: 'blob_body', wrongByteAt: 1000, headers: { 'content-length': '' } });
    const answer = await askRaw(mirror, path);
    assert.equal(answer.headers['transfer-encoding'], 'chunked');
    assert.ok(!answer.bytes.subarray(-5).equals(Buffer.from('0\r\n\r\n')));
  });
});

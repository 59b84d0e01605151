import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { access, readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { request } from 'undici';
import type { DigestMismatch } from '../../src/mirror/mirrorObserver.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { blobBytes, fixedBlob, generatedBlob, type BlobContent } from '../support/blobContent.ts';
import type { Fault } from '../support/hub/faults.ts';
import { buildImage } from '../support/images.ts';
import { manualClock } from '../support/manualClock.ts';
import { openRawConnection, type RawConnection } from '../support/rawSocket.ts';
import type { TestMirror } from '../support/testMirror.ts';
import { askRaw, blobPath, filled, getBlob, pullBlob, type Answer } from './pulls.ts';
import { layoutOf, startScene, timesObserved, type Scene, type SceneOptions } from './scene.ts';

const repository = 'library/alpine';
const blob = generatedBlob({ size: 100_000, seed: 'a blob' });
const bytes = blobBytes(blob);

/** A scene in which the repository has these blobs. */
async function startWith(
  t: Parameters<typeof startScene>[0],
  blobs: readonly BlobContent[] = [blob],
  options: SceneOptions = {},
): Promise<Scene> {
  const scene = await startScene(t, options);
  scene.hub.addImage(repository, buildImage({ layers: blobs }), { tags: ['3.20'] });
  return scene;
}

/** A client that has sent its request for a blob. */
async function openPull({ port }: TestMirror, { digest }: BlobContent): Promise<RawConnection> {
  const connection = await openRawConnection(port);
  connection.send(
    `GET ${blobPath(repository, digest)} HTTP/1.1\r\nHost: mirror\r\nConnection: close\r\n\r\n`,
  );
  return connection;
}

/** Settles when so many bytes of the answer's body are there. */
async function untilBody(connection: RawConnection, wanted: number): Promise<void> {
  await connection.until('\r\n\r\n');
  const head = connection.received().indexOf('\r\n\r\n') + 4;
  while (connection.received().length - head < wanted) await once(connection.socket, 'data');
}

/** Has a client pull the blob, and cuts the transfer when it has received 40 kB; gives what it gets. */
async function pullBroken({ hub, mirror }: Scene, atTheBreak?: () => void): Promise<Buffer> {
  const stall = hub.fault({ at: 'blob_body', stallAfter: 40_000, cutAfter: 40_001, times: 1 });
  const client = await openPull(mirror, blob);
  await untilBody(client, 39_999);
  atTheBreak?.();
  stall.release();
  assert.equal(await client.ended, 'fin');
  return client.received();
}

function digestOfBody(wire: Buffer): string {
  const body = wire.subarray(wire.indexOf('\r\n\r\n') + 4);
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

/** Nothing half written is left, and no file has the blob's name. */
async function assertNothingKept(mirror: TestMirror, digest: Digest): Promise<void> {
  const layout = layoutOf(mirror);
  assert.deepEqual(await readdir(layout.incoming), []);
  await assert.rejects(access(layout.blobFile(digest)), { code: 'ENOENT' });
}

describe('a fill whose client hangs up', () => {
  for (const received of [0, 1, 50_000, 99_999]) {
    test(`after ${received} bytes goes on and keeps the blob`, async (t) => {
      const { hub, mirror } = await startWith(t);
      const stall = hub.fault({ at: 'blob_body', stallAfter: Math.min(received + 1, 99_999) });
      const client = await openPull(mirror, blob);
      await untilBody(client, Math.min(received, 99_998));
      client.destroy();
      await once(client.socket, 'close');
      stall.release();
      await filled(mirror, blob.digest);
      hub.forget();
      const answer = await pullBlob(mirror, repository, blob);
      assert.equal(answer.headers['x-cache'], 'hit');
      assert.deepEqual(hub.requests, []);
    });
  }

  test('before the upstream has answered goes on and keeps the blob', async (t) => {
    const { hub, mirror } = await startWith(t);
    const held = hub.fault({ at: 'blob_redirect', delayHeaders: 'hold' });
    const client = await openPull(mirror, blob);
    await hub.waitFor({ operation: 'blob_get' });
    client.destroy();
    await once(client.socket, 'close');
    held.release();
    await filled(mirror, blob.digest);
    hub.forget();
    assert.equal((await pullBlob(mirror, repository, blob)).headers['x-cache'], 'hit');
    assert.deepEqual(hub.requests, []);
  });

  test('brings all bytes to those who joined it', async (t) => {
    const { hub, mirror } = await startWith(t);
    const stall = hub.fault({ at: 'blob_body', stallAfter: 50_000 });
    const starter = await openPull(mirror, blob);
    await untilBody(starter, 49_999);
    const followers = await Promise.all(Array.from({ length: 5 }, () => openPull(mirror, blob)));
    await Promise.all(followers.map((follower) => untilBody(follower, 49_999)));
    starter.destroy();
    stall.release();
    await Promise.all(followers.map(({ ended }) => ended));
    for (const follower of followers) assert.equal(digestOfBody(follower.received()), blob.digest);
    assert.equal(hub.count({ operation: 'cdn_get' }), 1);
  });
});

test('a reader that reads nothing for a while slows no other reader down', async (t) => {
  const large = generatedBlob({ size: 32 * 1024 * 1024, seed: 'large' });
  const { hub, mirror } = await startWith(t, [large]);
  const slow = await openPull(mirror, large);
  slow.socket.pause();
  const { body } = await request(`${mirror.url}${blobPath(repository, large.digest)}`);
  const hash = createHash('sha256');
  for await (const chunk of body as AsyncIterable<Buffer>) hash.update(chunk);
  assert.equal(`sha256:${hash.digest('hex')}`, large.digest);
  slow.socket.resume();
  assert.equal(await slow.ended, 'fin');
  assert.equal(digestOfBody(slow.received()), large.digest);
  assert.equal(hub.count({ operation: 'cdn_get' }), 1);
});

test('the headers are out while the upstream stalls before the first byte', async (t) => {
  const { hub, mirror } = await startWith(t);
  const stall = hub.fault({ at: 'blob_body', stallAfter: 0 });
  const { statusCode, headers, body } = await request(
    `${mirror.url}${blobPath(repository, blob.digest)}`,
  );
  assert.equal(statusCode, 200);
  assert.equal(headers['content-length'], String(blob.size));
  assert.equal(headers['x-cache'], 'miss');
  stall.release();
  assert.ok(Buffer.from(await body.arrayBuffer()).equals(bytes));
});

describe('a transfer that breaks', () => {
  const breaks: Record<string, Omit<Fault, 'at'>> = {
    'is cut in the middle': { cutAfter: 40_000, times: 1 },
    'is cut before its first byte': { cutAfter: 0, times: 1 },
    'is cut before its last byte': { cutAfter: 99_999, times: 1 },
    'is cut three times in a row': { cutAfter: 20_000, times: 3 },
    'is reset': { resetAfter: 40_000, times: 1 },
    'is cut and finds an error at the CDN then': { cutAfter: 40_000, times: 1 },
  };
  for (const [how, fault] of Object.entries(breaks)) {
    test(`and ${how} is healed before any reader notices`, async (t) => {
      const { hub, mirror } = await startWith(t);
      hub.fault({ at: 'blob_body', ...fault });
      if (how.endsWith('then')) hub.fault({ at: 'blob_body', status: 503, after: 1, times: 1 });
      await Promise.all(Array.from({ length: 5 }, () => pullBlob(mirror, repository, blob)));
      assert.ok(timesObserved(mirror, 'fillResumed') >= 1);
    });
  }

  test('is taken up where it broke off', async (t) => {
    const scene = await startWith(t);
    assert.equal(digestOfBody(await pullBroken(scene)), blob.digest);
    const ranges = scene.hub.requests
      .filter(({ operation }) => operation === 'cdn_get')
      .map(({ headers, status }) => [headers.range, status]);
    assert.equal(ranges.length, 2);
    assert.match(String(ranges[1]?.[0]), /^bytes=4000[01]-$/);
    assert.equal(ranges[1]?.[1], 206);
  });

  test('by a stall is healed when the next piece is overdue', async (t) => {
    const { hub, mirror } = await startWith(t, [blob], { agentLimits: { blobBodyTimeout: 100 } });
    hub.fault({ at: 'blob_body', stallAfter: 40_000, times: 1 });
    await pullBlob(mirror, repository, blob);
    assert.equal(hub.count({ operation: 'cdn_get' }), 2);
  });

  test('is taken up through a fresh redirect, because the signed address may have expired', async (t) => {
    const clock = manualClock();
    const scene = await startWith(t, [blob], { hub: { clock, tokenSeconds: 36_000 } });
    const { hub } = scene;
    const received = await pullBroken(scene, () => clock.advance(3_600_000));
    assert.equal(digestOfBody(received), blob.digest);
    assert.equal(hub.count({ operation: 'blob_get', status: 307 }), 2);
    assert.equal(hub.count({ operation: 'cdn_get', status: 403 }), 0);
  });

  test('asks for another redirect when it was given an address that has expired', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', cutAfter: 40_000, times: 1 });
    // The first request was without a token, the second one was redirected.
    hub.fault({ at: 'blob_redirect', expireSignature: true, after: 2, times: 1 });
    await pullBlob(mirror, repository, blob);
    assert.equal(hub.count({ operation: 'cdn_get', status: 403 }), 1);
  });

  test('is healed at a CDN that ignores Range', async (t) => {
    const scene = await startWith(t);
    scene.hub.fault({ at: 'blob_body', ignoreRange: true });
    const follower = Promise.withResolvers<Answer>();
    const received = await pullBroken(scene, () => {
      follower.resolve(getBlob(scene.mirror, repository, blob.digest));
    });
    assert.equal(digestOfBody(received), blob.digest);
    assert.ok((await follower.promise).bytes.equals(bytes));
    assert.equal(scene.hub.count({ operation: 'cdn_get', status: 200 }), 2);
  });

  test('is not completed from a blob of another size', async (t) => {
    const scene = await startWith(t);
    scene.hub.fault({ at: 'blob_body', ignoreRange: true, wrongLength: 10, after: 1 });
    const received = await pullBroken(scene);
    assert.ok(received.length - received.indexOf('\r\n\r\n') - 4 < blob.size);
    await filled(scene.mirror, blob.digest);
    await assertNothingKept(scene.mirror, blob.digest);
    const tries = 3;
    assert.equal(scene.hub.count({ operation: 'cdn_get' }), 1 + tries);
  });

  test('is healed when a page of HTML comes once in the place of the rest', async (t) => {
    const scene = await startWith(t);
    scene.hub.fault({ at: 'blob_body', html: true, after: 1, times: 1 });
    assert.equal(digestOfBody(await pullBroken(scene)), blob.digest);
  });

  test('has all its tries again after each mebibyte that it brought', async (t) => {
    const large = generatedBlob({ size: 6_000_000, seed: 'often broken' });
    const { hub, mirror } = await startWith(t, [large], { resumeDelays: [0] });
    hub.fault({ at: 'blob_body', cutAfter: 1_300_000 });
    await pullBlob(mirror, repository, large);
    assert.equal(hub.count({ operation: 'cdn_get' }), 5);
  });

  test('is given up when it brings too little each time', async (t) => {
    const large = generatedBlob({ size: 6_000_000, seed: 'too often broken' });
    const { hub, mirror } = await startWith(t, [large], { resumeDelays: [0, 0] });
    hub.fault({ at: 'blob_body', cutAfter: 300_000 });
    const answer = await askRaw(mirror, blobPath(repository, large.digest));
    assert.equal(answer.end, 'fin');
    assert.equal(hub.count({ operation: 'cdn_get' }), 3);
  });

  test('is healed when the upstream does not say how long the blob is', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', headers: { 'content-length': '' } });
    hub.fault({ at: 'blob_body', cutAfter: 40_000, times: 1 });
    await pullBlob(mirror, repository, blob);
  });

  test('is not completed with bytes of another entity', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', cutAfter: 40_000, times: 1 });
    hub.fault({ at: 'blob_body', changedEntity: true, after: 1 });
    const answer = await askRaw(mirror, blobPath(repository, blob.digest));
    assert.equal(answer.end, 'fin');
    assert.ok(answer.bytes.length < blob.size);
    await filled(mirror, blob.digest);
    await assertNothingKept(mirror, blob.digest);
  });
});

describe('a transfer that cannot be healed', () => {
  test('ends every body short with FIN, and the next request goes on from what is held', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', cutAfter: 10_000 });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => askRaw(mirror, blobPath(repository, blob.digest))),
    );
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-length'], String(blob.size));
      assert.equal(answer.end, 'fin');
      assert.ok(answer.bytes.length < blob.size);
      assert.ok(bytes.subarray(0, answer.bytes.length).equals(answer.bytes));
    }
    await filled(mirror, blob.digest);
    assert.equal(timesObserved(mirror, 'fillFailed'), 1);
    hub.clearFaults();
    hub.forget();
    await pullBlob(mirror, repository, blob);
    const range = 'bytes=39999-';
    assert.deepEqual(
      hub.requests.map(({ operation, headers }) => [operation, headers.range]),
      [
        ['blob_get', range],
        ['cdn_get', range],
      ],
    );
  });

  test('ends a body of unknown length without saying that it is complete', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', cutAfter: 10_000, headers: { 'content-length': '' } });
    const answer = await askRaw(mirror, blobPath(repository, blob.digest));
    assert.equal(answer.headers['transfer-encoding'], 'chunked');
    assert.equal(answer.end, 'fin');
    assert.ok(!answer.bytes.subarray(-5).equals(Buffer.from('0\r\n\r\n')));
  });

  test('is answered with 503 when the upstream fails before the headers', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_redirect', status: 500 });
    const answer = await getBlob(mirror, repository, blob.digest);
    assert.equal(answer.status, 503);
    assert.ok(Number(answer.headers['retry-after']) > 0);
  });
});

describe('a blob with a wrong length', () => {
  test('that is too great ends short, and the next request gets the right bytes', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', wrongLength: 10, times: 1 });
    const answer = await askRaw(mirror, blobPath(repository, blob.digest));
    assert.equal(answer.end, 'fin');
    assert.ok(answer.bytes.length < Number(answer.headers['content-length']));
    await filled(mirror, blob.digest);
    await pullBlob(mirror, repository, blob);
    assert.equal(hub.requests.at(-1)?.headers.range, `bytes=${blob.size - 1}-`);
  });

  test('that is too small ends short, and the next request gets the right bytes', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', wrongLength: -10, times: 1 });
    const answer = await askRaw(mirror, blobPath(repository, blob.digest));
    assert.equal(answer.end, 'fin');
    assert.ok(answer.bytes.length < blob.size - 10);
    await filled(mirror, blob.digest);
    assert.equal(timesObserved(mirror, 'digestMismatched'), 1);
    await assertNothingKept(mirror, blob.digest);
    await pullBlob(mirror, repository, blob);
  });

  test('never lets a client take more bytes than announced for the blob', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', cutAfter: 10_000, times: 1 });
    const longer = { body: 'x'.repeat(blob.size + 10), headers: { 'content-length': '' } };
    hub.fault({ at: 'blob_body', ignoreRange: true, ...longer, after: 1 });
    const answer = await askRaw(mirror, blobPath(repository, blob.digest));
    assert.equal(answer.headers['content-length'], String(blob.size));
    assert.ok(answer.bytes.length < blob.size);
    await filled(mirror, blob.digest);
    await assertNothingKept(mirror, blob.digest);
  });
});

describe('a blob with a wrong byte', () => {
  const long = blobBytes(generatedBlob({ size: 100_000, seed: 'hashed with sha512' }));
  const spoiled: Record<string, [BlobContent, number]> = {
    first: [blob, 0],
    middle: [blob, 50_000],
    last: [blob, 99_999],
    'middle of a sha512': [fixedBlob(long, 'sha512'), 50_000],
    'only one of a tiny': [fixedBlob('x'), 0],
  };
  for (const [where, [content, wrongByteAt]] of Object.entries(spoiled)) {
    test(`(the ${where}) reaches no client whole, gets no name, and is fetched anew`, async (t) => {
      const { hub, mirror } = await startWith(t, [content]);
      hub.fault({ at: 'blob_body', wrongByteAt, times: 1 });
      const answer = await askRaw(mirror, blobPath(repository, content.digest));
      assert.equal(answer.end, 'fin');
      assert.equal(answer.headers['content-length'], String(content.size));
      assert.ok(answer.bytes.length < content.size);
      await filled(mirror, content.digest);
      await assertNothingKept(mirror, content.digest);
      assert.equal(timesObserved(mirror, 'digestMismatched'), 1);
      await pullBlob(mirror, repository, content);
      assert.equal(hub.count({ operation: 'cdn_get' }), 2);
    });
  }

  test('and no length ends without saying that it is complete', async (t) => {
    const { hub, mirror } = await startWith(t);
    hub.fault({ at: 'blob_body', wrongByteAt: 50_000, headers: { 'content-length': '' } });
    const answer = await askRaw(mirror, blobPath(repository, blob.digest));
    assert.ok(!answer.bytes.subarray(-5).equals(Buffer.from('0\r\n\r\n')));
    await filled(mirror, blob.digest);
    await assertNothingKept(mirror, blob.digest);
  });
});

test('a page of HTML in the place of a blob is reported for what it is', async (t) => {
  const { hub, mirror } = await startWith(t);
  hub.fault({ at: 'blob_body', html: true, times: 1 });
  const answer = await askRaw(mirror, blobPath(repository, blob.digest));
  assert.ok(answer.bytes.length < Number(answer.headers['content-length']));
  await filled(mirror, blob.digest);
  const mismatch = mirror.observed.find(({ what }) => what === 'digestMismatched');
  assert.ok(mismatch !== undefined);
  const [upstream, { expected, nature }] = mismatch.about as [string, DigestMismatch];
  assert.deepEqual([upstream, expected, nature], ['docker.io', blob.digest, 'an HTML page']);
});

test('a blob that the upstream says is empty, and is not, is no answer', async (t) => {
  const { hub, mirror } = await startWith(t);
  const empty = hub.fault({ at: 'blob_body', wrongLength: -blob.size });
  const answer = await getBlob(mirror, repository, blob.digest);
  assert.equal(answer.status, 503);
  empty.clear();
  await pullBlob(mirror, repository, blob);
});

test('an empty blob is pulled and kept', async (t) => {
  const empty = fixedBlob('');
  const { hub, mirror } = await startWith(t, [empty]);
  await pullBlob(mirror, repository, empty);
  await filled(mirror, empty.digest);
  hub.forget();
  await pullBlob(mirror, repository, empty);
  assert.deepEqual(hub.requests, []);
});

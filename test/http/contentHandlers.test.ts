import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { digestOf } from '../../src/registry/digest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { blobBytes, fixedBlob, generatedBlob } from '../support/blobContent.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage, buildMultiPlatformImage, type ImageContent } from '../support/images.ts';
import { startMirror } from '../support/testMirror.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { satisfiableRanges, unsatisfiableRanges } from './rangeCases.ts';
import { blobPath, manifestPath, startStage } from './stage.ts';
import { wireClient } from './wireAnswer.ts';

const immutable = 'public, max-age=31536000, immutable';

/** A mirror before a Hub that has these images under `library/alpine`, the n-th one tagged `tn`. */
async function serve(t: TestContext, ...images: ImageContent[]) {
  const hub = await startHub(t);
  for (const [index, image] of images.entries()) {
    hub.addImage('library/alpine', image, { tags: [`t${index}`] });
  }
  const mirror = await startMirror(t, hub);
  return { hub, mirror, ask: wireClient(mirror.port) };
}

/** A manifest in a form that no JSON writer would give it. */
function oddlyWritten(image: ImageContent): ImageContent {
  const text = image.manifest.bytes.toString().replaceAll('\n', ' \r\n\t');
  const bytes = Buffer.from(`\n  ${text}\n\n`);
  const { mediaType } = image.manifest;
  return { ...image, manifest: { digest: digestOf(bytes), mediaType, bytes } };
}

describe('a manifest', () => {
  test('comes byte for byte, by tag and by digest, fetched and held', async (t) => {
    const image = oddlyWritten(buildImage());
    const { ask } = await serve(t, image);
    for (const reference of ['t0', 't0', image.manifest.digest]) {
      const answer = await ask('GET', manifestPath(reference));
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, image.manifest.bytes);
    }
  });

  test('has exact headers, which a HEAD has too, fetched and held', async (t) => {
    const images = (['oci', 'docker'] as const).flatMap((format) =>
      (['sha256', 'sha512'] as const).flatMap((algorithm) => [
        buildImage({ format, algorithm, seed: `${format} ${algorithm}` }),
        buildMultiPlatformImage({ format, algorithm, seed: `${format} ${algorithm}` }),
      ]),
    );
    const { ask } = await serve(t, ...images);
    for (const { manifest } of images) {
      for (const method of ['HEAD', 'GET', 'HEAD', 'GET']) {
        const { status, headers } = await ask(method, manifestPath(manifest.digest));
        assert.equal(status, 200);
        assert.equal(headers['content-type'], manifest.mediaType);
        assert.equal(headers['content-length'], String(manifest.bytes.length));
        assert.equal(headers['docker-content-digest'], manifest.digest);
        assert.equal(headers['etag'], `"${manifest.digest}"`);
        assert.equal(headers['cache-control'], immutable);
        assert.equal(headers['docker-distribution-api-version'], 'registry/2.0');
      }
    }
    const types = new Set(images.map(({ manifest }) => manifest.mediaType));
    assert.equal(types.size, 4);
  });

  test('by tag names its digest and has to be asked for again', async (t) => {
    const { image, ask } = await startStage(t);
    const { headers } = await ask('GET', manifestPath('3.20'));
    assert.equal(headers['docker-content-digest'], image.manifest.digest);
    assert.equal(headers['cache-control'], 'no-cache');
  });

  test('says how it was come by', async (t) => {
    const { hub, ask } = await startStage(t, { tagFreshness: 0 });
    const outcomes: Array<string | undefined> = [];
    for (let count = 0; count < 2; count += 1) {
      outcomes.push((await ask('GET', manifestPath('3.20'))).headers['x-cache']);
    }
    const image = buildImage();
    hub.addImage('library/alpine', image);
    const held = hub.fault({ at: 'manifest_get', delayHeaders: 'hold' });
    const path = manifestPath(image.manifest.digest);
    const both = [ask('GET', path), ask('GET', path)];
    await hub.waitFor({ operation: 'manifest_get', reference: image.manifest.digest });
    held.release();
    outcomes.push(...(await Promise.all(both)).map(({ headers }) => headers['x-cache']));
    outcomes.push((await ask('GET', path)).headers['x-cache']);
    assert.deepEqual(outcomes, ['miss', 'revalidated', 'miss', 'joined', 'hit']);
  });

  test('that is stale says so with a warning', async (t) => {
    const { hub, image, small, large, ask, hold } = await startStage(t, { tagFreshness: 0 });
    await ask('GET', manifestPath('3.20'));
    for (const blob of [image.config, small, large]) await hold(blob);
    await hub.goDown();
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await ask(method, manifestPath('3.20'));
      assert.equal(status, 200);
      assert.equal(headers['x-cache'], 'stale');
      assert.match(headers['warning'] ?? '', /^299 - "docker\.io could not confirm it; .*"$/);
    }
  });

  test('is unknown with 404, in the shape of the API', async (t) => {
    const { image, ask } = await startStage(t);
    const missing = digestOf(Buffer.from('missing'));
    assertRegistryError(await ask('GET', manifestPath('missing')), 404, 'MANIFEST_UNKNOWN');
    assertRegistryError(await ask('GET', manifestPath(missing)), 404, 'MANIFEST_UNKNOWN');
    const elsewhere = `/v2/library/other/manifests/${image.manifest.digest}`;
    assertRegistryError(await ask('GET', elsewhere), 404, 'NAME_UNKNOWN');
    const wrong = await ask('GET', manifestPath('sha256:totallywrong'));
    assertRegistryError(wrong, 400, 'DIGEST_INVALID');
  });
});

describe('a blob', () => {
  test('comes byte for byte with exact headers, fetched, in memory and on disk', async (t) => {
    const blobs = (['sha256', 'sha512'] as const).flatMap((algorithm) => [
      fixedBlob('', algorithm),
      generatedBlob({ size: 1, seed: 'one', algorithm }),
      generatedBlob({ size: 256 * 1024, seed: 'the largest small one', algorithm }),
      generatedBlob({ size: 256 * 1024 + 1, seed: 'the smallest large one', algorithm }),
    ]);
    const { mirror, ask } = await serve(t, buildImage({ layers: blobs }));
    for (const blob of blobs) {
      for (const outcome of ['miss', 'hit', 'hit']) {
        const { status, headers, body } = await ask('GET', blobPath(blob.digest));
        await mirror.mirror.fills.find(blob.digest)?.finished;
        assert.equal(status, 200);
        assert.deepEqual(body, blobBytes(blob));
        assert.equal(headers['x-cache'], outcome);
        assert.equal(headers['content-type'], mediaTypes.octetStream);
        assert.equal(headers['content-length'], String(blob.size));
        assert.equal(headers['transfer-encoding'], undefined);
        assert.equal(headers['docker-content-digest'], blob.digest);
        assert.equal(headers['etag'], `"${blob.digest}"`);
        assert.equal(headers['accept-ranges'], 'bytes');
        assert.equal(headers['cache-control'], immutable);
      }
    }
  });

  test('has its headers on a HEAD before it is held', async (t) => {
    const empty = fixedBlob('');
    const large = generatedBlob({ size: 600_000, seed: 'large' });
    const { ask } = await serve(t, buildImage({ layers: [empty, large] }));
    for (const { digest, size } of [empty, large]) {
      const { status, headers, body } = await ask('HEAD', blobPath(digest));
      assert.equal(status, 200);
      assert.equal(headers['content-length'], String(size));
      assert.equal(headers['docker-content-digest'], digest);
      assert.equal(headers['accept-ranges'], 'bytes');
      assert.equal(body.length, 0);
    }
  });

  test('of which the upstream does not say the size comes in chunks, and ends rightly', async (t) => {
    const { hub, large, ask } = await startStage(t);
    hub.fault({
      at: 'blob_body',
      headers: { 'content-length': '', 'transfer-encoding': 'chunked' },
    });
    const answer = await ask('GET', blobPath(large.digest), { range: 'bytes=0-9' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['content-length'], undefined);
    assert.equal(answer.headers['transfer-encoding'], 'chunked');
    assert.ok(answer.body.toString('latin1').endsWith('\r\n0\r\n\r\n'));
    assert.ok(answer.body.length > large.size);
  });

  test('is unknown with 404, in the shape of the API', async (t) => {
    const { small, ask, hold } = await startStage(t);
    await hold(small);
    const missing = digestOf(Buffer.from('missing'));
    assertRegistryError(await ask('GET', blobPath(missing)), 404, 'BLOB_UNKNOWN');
    const elsewhere = `/v2/library/other/blobs/${small.digest}`;
    assertRegistryError(await ask('GET', elsewhere), 404, 'NAME_UNKNOWN');
    const wrong = await ask('GET', '/v2/library/alpine/blobs/sha256:short');
    assertRegistryError(wrong, 400, 'DIGEST_INVALID');
    const tag = await ask('GET', '/v2/library/alpine/blobs/latest');
    assertRegistryError(tag, 400, 'DIGEST_INVALID');
  });
});

test('what the client has already is a 304 without a body', async (t) => {
  const { image, small, large, ask, hold } = await startStage(t);
  await hold(small);
  await hold(large);
  for (const [target, digest] of [
    [manifestPath('3.20'), image.manifest.digest],
    [manifestPath(image.manifest.digest), image.manifest.digest],
    [blobPath(small.digest), small.digest],
    [blobPath(large.digest), large.digest],
    [blobPath(image.config.digest), image.config.digest],
  ] as const) {
    for (const method of ['HEAD', 'GET']) {
      for (const tag of [`"${digest}"`, `W/"${digest}"`, digest, `"other", "${digest}"`, '*']) {
        const range = 'bytes=0-1';
        const answer = await ask(method, target, { 'if-none-match': tag, range });
        assert.equal(answer.status, 304, `${method} ${target} ${tag}`);
        assert.equal(answer.body.length, 0);
        assert.equal(answer.headers['etag'], `"${digest}"`);
        assert.equal(answer.headers['docker-content-digest'], digest);
        assert.equal(answer.headers['content-type'], undefined);
      }
      const other = await ask(method, target, { 'if-none-match': '"other"' });
      assert.equal(other.status, 200);
    }
  }
});

describe('a range', () => {
  for (const place of ['in memory', 'on disk'] as const) {
    test(`of a blob ${place} is a 206 with exact headers, or a 416`, async (t) => {
      const { small, large, ask, hold } = await startStage(t);
      const blob = place === 'in memory' ? small : large;
      await hold(blob);
      const bytes = blobBytes(blob);
      for (const [range, first, last] of satisfiableRanges(blob.size)) {
        const { status, headers, body } = await ask('GET', blobPath(blob.digest), { range });
        assert.equal(status, 206, range);
        assert.deepEqual(body, bytes.subarray(first, last + 1), range);
        assert.equal(headers['content-length'], String(last - first + 1));
        assert.equal(headers['content-range'], `bytes ${first}-${last}/${blob.size}`);
        assert.equal(headers['docker-content-digest'], blob.digest);
        assert.equal(headers['content-type'], mediaTypes.octetStream);
      }
      for (const range of unsatisfiableRanges(blob.size)) {
        const answer = await ask('GET', blobPath(blob.digest), { range });
        assertRegistryError(answer, 416, 'RANGE_INVALID', range);
        assert.equal(answer.headers['content-range'], `bytes */${blob.size}`);
        assert.equal(answer.headers['cache-control'], 'no-store');
      }
    });
  }

  test('that is not understood, or one of several, is answered with the whole', async (t) => {
    const { small, ask, hold } = await startStage(t);
    await hold(small);
    for (const range of ['bytes=0-1,5-6', 'bytes=a-b', 'lines=0-1', 'bytes=', 'bytes=--1']) {
      const answer = await ask('GET', blobPath(small.digest), { range });
      assert.equal(answer.status, 200, range);
      assert.deepEqual(answer.body, blobBytes(small));
      assert.equal(answer.headers['content-range'], undefined);
    }
  });

  test('on a HEAD, and on a manifest, is ignored', async (t) => {
    const { image, small, ask, hold } = await startStage(t);
    await hold(small);
    for (const range of ['bytes=0-1', 'bytes=9999-']) {
      const head = await ask('HEAD', blobPath(small.digest), { range });
      assert.equal(head.status, 200);
      assert.equal(head.headers['content-length'], '2048');
      assert.equal(head.headers['content-range'], undefined);
      const manifest = await ask('GET', manifestPath('3.20'), { range });
      assert.equal(manifest.status, 200);
      assert.deepEqual(manifest.body, image.manifest.bytes);
    }
  });

  test('counts only if If-Range names this content', async (t) => {
    const { small, ask, hold } = await startStage(t);
    await hold(small);
    const range = 'bytes=0-9';
    const statusFor = async (condition: string): Promise<number> =>
      (await ask('GET', blobPath(small.digest), { range, 'if-range': condition })).status;
    assert.equal(await statusFor(`"${small.digest}"`), 206);
    assert.equal(await statusFor(`W/"${small.digest}"`), 200);
    assert.equal(await statusFor('"other"'), 200);
    assert.equal(await statusFor('Sat, 21 Nov 2026 00:00:00 GMT'), 200);
  });

  test('of an empty blob can not be satisfied', async (t) => {
    const empty = fixedBlob('');
    const { ask } = await serve(t, buildImage({ layers: [empty] }));
    for (const range of ['bytes=0-', 'bytes=0-0', 'bytes=-1']) {
      const answer = await ask('GET', blobPath(empty.digest), { range });
      assertRegistryError(answer, 416, 'RANGE_INVALID', range);
      assert.equal(answer.headers['content-range'], 'bytes */0');
    }
  });
});

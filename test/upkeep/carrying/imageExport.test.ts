import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { test } from 'node:test';
import { layoutBlobPath } from '../../../src/registry/ociLayout.ts';
import { StoreLayout } from '../../../src/store/storeLayout.ts';
import type { UpkeepFailure } from '../../../src/upkeep/upkeepError.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import { buildImage, buildIndex, buildMultiPlatformImage } from '../../support/images.ts';
import { startCarrier, type Carrier } from './carrier.ts';
import { entriesOf } from './archives.ts';

const name = 'docker.io/library/alpine:3.20';
const image = buildImage();
const many = buildMultiPlatformImage({ seed: 'many' });
const large = generatedBlob({ size: 3_000_000, seed: 'large' });
const [amd64, arm64] = many.children;
assert.ok(amd64 && arm64);

test('an export is an OCI image layout: what it is, what is in it, and each blob once', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold(name, image);
  await carrier.hold('ghcr.io/acme/app:1', buildIndex([image]));
  const entries = await entriesOf(await carrier.exported(['alpine:3.20', 'ghcr.io/acme/app:1']));
  const digests = [image.manifest, buildIndex([image]).manifest, ...image.blobs].map(
    ({ digest }) => digest,
  );
  assert.deepEqual([...entries.keys()].slice(0, 2), ['oci-layout', 'index.json']);
  assert.deepEqual(
    new Set([...entries.keys()].slice(2)),
    new Set(digests.map((digest) => layoutBlobPath(digest))),
  );
  assert.equal(entries.get('oci-layout')?.content.toString(), '{"imageLayoutVersion":"1.0.0"}');
  const manifest = entries.get(layoutBlobPath(image.manifest.digest))?.content;
  assert.deepEqual(manifest, image.manifest.bytes);
});

test('index.json has the whole name where skopeo and where containerd look for it', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold(name, image);
  const entries = await entriesOf(await carrier.exported(['alpine:3.20']));
  const { digest, mediaType, bytes } = image.manifest;
  assert.deepEqual(JSON.parse(String(entries.get('index.json')?.content)), {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        mediaType,
        digest,
        size: bytes.length,
        annotations: {
          'io.containerd.image.name': name,
          'org.opencontainers.image.ref.name': name,
        },
      },
    ],
  });
});

test('an image can be exported by its digest', async (t) => {
  const carrier = await startCarrier(t);
  const { digest } = image.manifest;
  await carrier.hold(`alpine@${digest}`, image);
  const archive = await carrier.exported([`alpine@${digest}`]);
  const index = String((await entriesOf(archive)).get('index.json')?.content);
  assert.ok(index.includes(`"docker.io/library/alpine@${digest}"`));
});

test('the same cache exports the same bytes', async (t) => {
  const carrier = await startCarrier(t);
  const sha512 = buildImage({ seed: 'long', algorithm: 'sha512' });
  await carrier.hold(name, image);
  await carrier.hold('acme/long:1', sha512);
  const images = [name, 'acme/long:1'];
  const archive = await carrier.exported(images);
  assert.deepEqual(await carrier.exported(images), archive);
  for (const { header } of (await entriesOf(archive)).values()) {
    assert.deepEqual(
      [header.uid, header.gid, header.mode, header.mtime.getTime()],
      [0, 0, 0o644, 0],
    );
  }
  const other = await startCarrier(t);
  await other.imported(archive);
  assert.deepEqual(await other.exported(images), archive);
});

test('an image that is named twice is in the archive once', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold(name, image);
  assert.deepEqual(await carrier.exported(['alpine:3.20', name]), await carrier.exported([name]));
});

test('of an index, what is held whole is in the archive', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold(name, many, new Set<unknown>([arm64.blobs[1], many.children[2]?.manifest]));
  const entries = await entriesOf(await carrier.exported([name]));
  const expected = [many.manifest, amd64.manifest, ...amd64.blobs];
  assert.deepEqual(
    new Set([...entries.keys()].slice(2)),
    new Set(expected.map(({ digest }) => layoutBlobPath(digest))),
  );
});

test('platforms that were asked for are exported alone', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold(name, many);
  const entries = await entriesOf(await carrier.exported([name], ['linux/arm64/v8', 'linux/arm']));
  assert.ok(entries.has(layoutBlobPath(arm64.manifest.digest)));
  assert.ok(!entries.has(layoutBlobPath(amd64.manifest.digest)));
  assert.equal(entries.size, 2 + 1 + 2 * 4);
});

test('what is missing is found out before the first byte, with what to do', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold(name, image);
  const none = buildMultiPlatformImage({ seed: 'none' });
  const gone = buildMultiPlatformImage({ seed: 'gone' });
  await carrier.hold('acme/some:1', many, new Set<unknown>([arm64.blobs[1]]));
  await carrier.hold(
    'acme/none:1',
    none,
    new Set<unknown>(none.children.map(({ blobs }) => blobs[1])),
  );
  await carrier.hold('acme/gone:1', gone);
  await carrier.store.blobs.remove([gone.manifest.digest], 'purge');
  await refuses(
    carrier,
    [name, 'acme/none:1'],
    [],
    'incomplete',
    /acme\/none:1 is not all .* pullthrough warm docker\.io\/acme\/none:1/,
  );
  await refuses(
    carrier,
    ['acme/gone:1'],
    [],
    'incomplete',
    /pullthrough warm docker\.io\/acme\/gone:1/,
  );
  await refuses(
    carrier,
    ['acme/some:1'],
    ['linux/amd64', 'linux/arm64'],
    'incomplete',
    /for linux\/arm64: pullthrough warm --platform linux\/arm64 docker/,
  );
  await refuses(
    carrier,
    [name],
    ['linux/s390x'],
    'not_found',
    /has no image for linux\/s390x, but for linux\/amd64/,
  );
  await refuses(carrier, [name], ['vax'], 'invalid', /"vax" is no platform/);
  await refuses(carrier, ['alpine:edge'], [], 'not_found', /no docker\.io\/library\/alpine:edge/);
  await refuses(
    carrier,
    [`acme/x@${image.manifest.digest}`],
    [],
    'not_found',
    /no docker\.io\/acme\/x@sha256/,
  );
  await refuses(carrier, ['Nonsense'], [], 'invalid', /no name of an image/);
  await refuses(carrier, [], [], 'invalid', /name the images/);
});

test('a blob that is evicted during the export ends the archive short', async (t) => {
  const carrier = await startCarrier(t);
  const layers = [large, generatedBlob({ size: 3_000_000, seed: 'another' })] as const;
  await carrier.hold(name, buildImage({ layers }));
  const { bytes, error } = await broken(carrier, async () => {
    await carrier.store.blobs.remove([layers[1].digest], 'disk');
  });
  assert.match(String(error), /was lost while it was to be exported/);
  await assert.rejects(entriesOf(bytes), /Unexpected end of data/);
});

test('a blob whose bytes were changed behind the back of the store fails the export', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold(name, buildImage({ layers: [large] }));
  const { bytes, error } = await broken(carrier, async () => {
    // The file is open by then, or the store would find it out by its time.
    const file = await open(new StoreLayout(carrier.directory).blobFile(large.digest), 'r+');
    await file.write('damage', large.size - 10);
    await file.close();
  });
  assert.match(String(error), /was damaged and is set aside/);
  assert.equal(carrier.store.blobs.describe(large.digest), undefined);
  await assert.rejects(entriesOf(bytes), /Unexpected end of data/);
});

test('who takes no more of an archive leaves no file open', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold(name, buildImage({ layers: [large] }));
  const archive = carrier.exporting.export({ images: [name], platforms: [] });
  let taken = 0;
  for await (const chunk of archive) if ((taken += chunk.length) > 100_000) break;
  assert.ok(taken < large.size);
});

async function refuses(
  carrier: Carrier,
  images: readonly string[],
  platforms: readonly string[],
  failure: UpkeepFailure,
  message: RegExp,
): Promise<void> {
  const archive = carrier.exporting.export({ images, platforms });
  await assert.rejects(archive.next(), { name: 'UpkeepError', failure, message });
}

/** An export in the course of which something happens, and what came of it. */
async function broken(
  carrier: Carrier,
  happens: () => Promise<void>,
): Promise<{ bytes: Buffer; error: unknown }> {
  const chunks: Uint8Array[] = [];
  let happened: Promise<void> | undefined;
  try {
    for await (const chunk of carrier.exporting.export({ images: [name], platforms: [] })) {
      chunks.push(chunk);
      if (chunk.length > 100_000) await (happened ??= happens());
    }
  } catch (error) {
    return { bytes: Buffer.concat(chunks), error };
  }
  throw new Error('the export went through');
}

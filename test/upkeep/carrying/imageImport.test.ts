import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Digest } from '../../../src/registry/digest.ts';
import { layoutBlobPath } from '../../../src/registry/ociLayout.ts';
import { parseTag } from '../../../src/registry/reference.ts';
import { tagKey } from '../../../src/store/catalog.ts';
import type { UpkeepFailure } from '../../../src/upkeep/upkeepError.ts';
import { getManifest, pullImage } from '../../mirror/pulls.ts';
import { fillBlob } from '../../store/testStore.ts';
import { gate } from '../../store/gate.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import { buildImage, buildIndex, buildMultiPlatformImage } from '../../support/images.ts';
import { manualClock } from '../../support/manualClock.ts';
import {
  archive,
  called,
  layoutEntries,
  referredToAs,
  type ArchivedEntry,
  type ListedImage,
} from './archives.ts';
import { inPieces, startCarrier, type Carrier } from './carrier.ts';

const image = buildImage();
const other = buildImage({ seed: 'other', format: 'docker' });
const many = buildMultiPlatformImage({ seed: 'many' });
const halfALayer = 200_000;
const last = generatedBlob({ size: 2 * halfALayer, seed: 'last' });
const slowly = buildImage({ layers: [...image.layers, last] });
const hour = 3_600_000;
const { digest } = image.manifest;
const name = 'docker.io/library/alpine:3.20';
const named: ListedImage = { image, annotations: called(name) };

test('what was imported is pulled by tag and digest, with no upstream', async (t) => {
  const carrier = await startCarrier(t);
  const nested = buildIndex([many, buildImage({ seed: 'deep', algorithm: 'sha512' })]);
  const report = await imports(carrier, [
    named,
    { image: many, annotations: called('ghcr.io/acme/many:1') },
    { image: other, annotations: called('acme/other') },
    { image: nested, annotations: called(`acme/nested@${nested.manifest.digest}`) },
  ]);
  assert.deepEqual(
    report.images.map(({ name: text, complete }) => [text, complete]),
    [
      [name, true],
      ['ghcr.io/acme/many:1', true],
      ['docker.io/acme/other:latest', true],
      [`docker.io/acme/nested@${nested.manifest.digest}`, true],
    ],
  );
  await pullImage(carrier, 'library/alpine', '3.20', image);
  await pullImage(carrier, 'library/alpine', digest, image);
  await pullImage(carrier, 'ghcr.io/acme/many', '1', many);
  await pullImage(carrier, 'acme/other', 'latest', other);
  await pullImage(carrier, 'acme/nested', nested.manifest.digest, nested);
});

test('the report counts what was not held before', async (t) => {
  const carrier = await startCarrier(t);
  await carrier.hold('acme/app:1', buildImage({ layers: image.layers }));
  const entries = layoutEntries([named]);
  const bytes = image.manifest.bytes.length;
  const first = await carrier.imported(await archive(entries));
  assert.deepEqual([first.blobs, first.bytes], [0, 0]);
  await carrier.store.blobs.remove([digest], 'purge');
  const second = await carrier.imported(await archive(entries));
  assert.deepEqual([second.blobs, second.bytes], [1, bytes]);
  await pullImage(carrier, 'library/alpine', '3.20', image);
});

test('a repository serves what was imported for it, and not what others have', async (t) => {
  const carrier = await startCarrier(t);
  await imports(carrier, [named]);
  assert.equal((await getManifest(carrier, 'library/debian', digest)).status, 503);
});

test('entries may come in any order, compressed, with ./ in front and whatever beside them', async (t) => {
  const carrier = await startCarrier(t);
  const long = `${'much-'.repeat(40)}longer/than/a/header/takes`;
  const entries: ArchivedEntry[] = [
    { name: './', type: 'directory' },
    { name: 'repositories', content: Buffer.from('{}') },
    { name: long, content: Buffer.alloc(5000) },
    { name: 'blobs/sha256/README', content: Buffer.from('no blob') },
    { name: 'layer.tar', type: 'symlink', linkname: '../../etc/passwd' },
    ...layoutEntries([named]).map((entry) => ({ ...entry, name: `./${entry.name}` })),
  ];
  const bytes = gzipSync(await archive(entries.toReversed()));
  await carrier.importing.import(inPieces(bytes, 1), undefined);
  await pullImage(carrier, 'library/alpine', '3.20', image);
});

test('an image is called what containerd calls it, or else what the OCI annotation says in full', async (t) => {
  const carrier = await startCarrier(t);
  const report = await imports(carrier, [
    { image, annotations: { ...called('ghcr.io/acme/one:1'), ...referredToAs('1') } },
    { image: other, annotations: referredToAs('docker.io/acme/two:2') },
    { image: many, annotations: referredToAs('three:3') },
  ]);
  assert.deepEqual(
    report.images.map((one) => one.name),
    ['ghcr.io/acme/one:1', 'docker.io/acme/two:2', 'docker.io/library/three:3'],
  );
});

test('an image that says only a tag, or nothing, is one of the repository that was given', async (t) => {
  const carrier = await startCarrier(t);
  const tagged = { image, annotations: referredToAs('3.20') };
  const nameless = { image: other };
  const report = await imports(carrier, [tagged, nameless], 'ghcr.io/acme/app');
  assert.deepEqual(
    report.images.map((one) => one.name),
    ['ghcr.io/acme/app:3.20', 'ghcr.io/acme/app:latest'],
  );
  const [renamed] = (await imports(carrier, [nameless], 'acme/app:7')).images;
  assert.equal(renamed?.name, 'docker.io/acme/app:7');
});

test('an archive whose images can not be named is refused, with what to do', async (t) => {
  const carrier = await startCarrier(t);
  const refused = async (listed: readonly ListedImage[], message: RegExp, given?: string) => {
    await refuses(carrier, await archive(layoutEntries(listed)), 'invalid', message, given);
  };
  await refused([{ image }], /no name for sha256:.*--name/);
  await refused([{ image, annotations: referredToAs('3.20') }], /only the tag 3\.20 for .*--name/);
  await refused([{ image, annotations: referredToAs('3.20') }], /repository alone/, 'acme/app:2');
  await refused([{ image, annotations: called('quay.io/a/b:1') }], /quay\.io is no upstream/);
  await refused([{ image, annotations: called('A B') }], /no name of an image/);
  await refused([named], /"A B" is no name of an image/, 'A B');
  await refused([named, { image: other, annotations: called(name) }], /two images that would be/);
  const foreign = `acme/app@${other.manifest.digest}`;
  await refused([{ image, annotations: called(foreign) }], /by the name of/);
  assert.deepEqual(await tagsOf(carrier), []);
});

test('what is no whole OCI image layout is refused, with what is wrong', async (t) => {
  const carrier = await startCarrier(t);
  const entries = layoutEntries([named]);
  const [layout, index, ...blobs] = entries;
  assert.ok(layout && index && blobs[0]);
  const refused = async (changed: readonly ArchivedEntry[], message: RegExp): Promise<void> => {
    await refuses(carrier, await archive(changed), 'invalid', message);
  };
  const altered = { ...blobs[0], content: Buffer.from('{"altered":true}') };
  await refused([layout, index, altered], /archive is damaged: .*sha256/);
  await refused([index, ...blobs], /oci-layout is not in the archive/);
  const docker = [{ name: 'manifest.json', content: Buffer.from('[]') }, ...blobs];
  await refused(docker, /docker-archive .*skopeo copy docker-archive:FILE oci-archive:NEW:NAME/);
  await refused([layout, ...blobs], /index\.json is not in the archive/);
  await refused([], /oci-layout is not in the archive/);
  await refused([{ ...layout, content: Buffer.from('{"imageLayoutVersion":"9"}') }], /known OCI/);
  await refused([{ ...layout, content: Buffer.alloc(5_000_000) }], /oci-layout has 5000000 bytes/);
  await refused([layout, { ...index, content: Buffer.from('{}') }], /lists no images/);
  await refused([layout, { ...index, content: Buffer.from('{"manifests":[{}]}') }], /no images/);
  await refused([...entries, index], /index\.json twice/);
  await refused([{ name: '../escape' }, ...entries], /leads out of it: "\.\.\/escape"/);
  await refused([{ name: '/etc/passwd' }, ...entries], /leads out of it/);
  await carrier.store.blobs.remove([digest], 'purge');
  const noManifest = entries.filter((entry) => entry.name !== layoutBlobPath(digest));
  await refused(noManifest, /which it has no manifest of/);
  assert.deepEqual(await tagsOf(carrier), []);
});

test('what is no archive, or breaks off, is refused with what it is', async (t) => {
  const carrier = await startCarrier(t);
  const whole = await archive(layoutEntries([named]));
  await refuses(carrier, Buffer.from('<html>no</html>'.repeat(99)), 'invalid', /an HTML page/);
  const zstd = zstdCompressSync(whole);
  await refuses(carrier, zstd, 'invalid', /but zstd data: decompress it with "zstd -d" first$/);
  await refuses(carrier, Buffer.alloc(0), 'invalid', /not in the archive/);
  await refuses(carrier, whole.subarray(0, 2000), 'invalid', /broken: Unexpected end/);
  await refuses(carrier, gzipSync(whole).subarray(0, -9), 'invalid', /broken: unexpected end/);
  const failing = (async function* () {
    yield whole.subarray(0, 3000);
    throw new Error('the line went dead');
  })();
  await assert.rejects(carrier.importing.import(failing, undefined), {
    name: 'UpkeepError',
    failure: 'failed',
    message: "the archive can't be read: the line went dead",
  });
  assert.deepEqual(await tagsOf(carrier), []);
});

test('an image that lacks blobs is imported, and said to be incomplete', async (t) => {
  const carrier = await startCarrier(t);
  const entries = layoutEntries([named, { image: many, annotations: called('acme/many:1') }]);
  const without = (lost: readonly (Digest | undefined)[]): ArchivedEntry[] =>
    entries.filter(({ name: path }) => !lost.some((one) => one && path === layoutBlobPath(one)));
  const [amd64, arm64] = many.children;
  const lost = [image.layers[0]?.digest, amd64?.manifest.digest, arm64?.blobs[1]?.digest];
  const report = await carrier.imported(await archive(without(lost)));
  assert.deepEqual(
    report.images.map(({ complete }) => complete),
    [false, true],
  );
  assert.equal((await getManifest(carrier, 'library/alpine', '3.20')).status, 503);
});

test('a tag whose new image is not all in the archive is served as it was', async (t) => {
  const carrier = await startCarrier(t);
  await imports(carrier, [{ image: other, annotations: called(name) }]);
  const entries = layoutEntries([named]).filter(
    (entry) => entry.name !== layoutBlobPath(image.layers[0]?.digest ?? digest),
  );
  await carrier.imported(await archive(entries));
  await pullImage(carrier, 'library/alpine', '3.20', other);
  await carrier.imported(await archive(layoutEntries([named])));
  await pullImage(carrier, 'library/alpine', '3.20', image);
});

test('a blob that was held as a mere blob becomes a manifest', async (t) => {
  const carrier = await startCarrier(t);
  const { store } = carrier;
  const blob = await store.blobs.begin(digest, image.manifest.bytes.length);
  await blob.append([image.manifest.bytes]);
  blob.verify();
  await store.blobs.keep(blob);
  await blob.release();
  await imports(carrier, [named]);
  assert.equal(store.blobs.describe(digest)?.mediaType, image.manifest.mediaType);
  await pullImage(carrier, 'library/alpine', '3.20', image);
});

test('a manifest is kept by the type that it states, whatever the archive says', async (t) => {
  const carrier = await startCarrier(t);
  const entries = layoutEntries([{ image: other, annotations: called(name) }]).map((entry) =>
    entry.name === 'index.json'
      ? { ...entry, content: Buffer.from(String(entry.content).replaceAll('docker.dis', 'x.dis')) }
      : entry,
  );
  await carrier.imported(await archive(entries));
  const { mediaType } = other.manifest;
  assert.equal(carrier.store.blobs.describe(other.manifest.digest)?.mediaType, mediaType);
});

test('a store without room says which settings bound it, and has no new name', async (t) => {
  const layers = [1, 2, 3].map((seed) => generatedBlob({ size: 400_000, seed: `${seed}` }));
  const large = { image: buildImage({ layers }), annotations: called(name) };
  const bytes = await archive(layoutEntries([large]));
  for (const maxSize of [300_000, 1_000_000]) {
    const carrier = await startCarrier(t, { maxSize });
    await refuses(carrier, bytes, 'failed', /no room .*storage\.maxSize.*storage\.minFree/);
    assert.deepEqual(await tagsOf(carrier), []);
  }
});

test('a catalog that fails in the middle leaves no tag', async (t) => {
  const carrier = await startCarrier(t);
  const bytes = await archive(layoutEntries([named]));
  t.mock.method(carrier.store.catalog.memberships, 'setMany', async () => {
    throw new Error('disk I/O error');
  });
  await refuses(carrier, bytes, 'failed', /the import failed: disk I\/O error/);
  assert.deepEqual(await tagsOf(carrier), []);
});

test('an imported tag was checked now, and its repository counts in the generation that it has', async (t) => {
  const carrier = await startCarrier(t, { now: () => 12_345_678 });
  const repository = { host: 'docker.io', name: 'library/alpine' as never };
  await carrier.memberships.forget(repository);
  await imports(carrier, [named]);
  const tag = parseTag('3.20');
  assert.ok(tag);
  assert.deepEqual(await carrier.store.catalog.tags.get(tagKey(repository, tag)), {
    digest,
    mediaType: image.manifest.mediaType,
    size: image.manifest.bytes.length,
    checkedAt: 12_345_678,
  });
  await pullImage(carrier, 'library/alpine', '3.20', image);
});

test('an import that takes hours loses nothing to the garbage', async (t) => {
  const clock = manualClock();
  const carrier = await startCarrier(t, { now: clock });
  const held = image.layers[0] ?? image.config;
  await fillBlob(carrier.store.blobs, held);
  clock.advance(2 * hour);
  const archived = await archive(layoutEntries([{ ...named, image: slowly }]));
  const slow = inTwo(t, carrier, archived, async () => {
    clock.advance(2 * hour);
    const { unreferenced } = await carrier.garbage.collect(false);
    assert.equal(unreferenced.count, 0);
  });
  await carrier.importing.import(slow, undefined);
  await pullImage(carrier, 'library/alpine', '3.20', slowly);
});

test('garbage that was looked for before an import ended is none of it', async (t) => {
  const clock = manualClock();
  const carrier = await startCarrier(t, { now: clock });
  const { memberships } = carrier.store.catalog;
  const pages = memberships.pages.bind(memberships);
  const { begun, hold, goOn } = gate();
  t.mock.method(memberships, 'pages', async function* () {
    yield* pages();
    await hold();
  });
  let collecting: Promise<unknown> | undefined;
  const archived = await archive(layoutEntries([{ ...named, image: slowly }]));
  const slow = inTwo(t, carrier, archived, async () => {
    clock.advance(2 * hour);
    collecting = carrier.garbage.collect(false);
    await begun;
  });
  await carrier.importing.import(slow, undefined);
  goOn();
  await collecting;
  await pullImage(carrier, 'library/alpine', '3.20', slowly);
});

test('what an import brought that broke off is garbage in the end', async (t) => {
  const clock = manualClock();
  const carrier = await startCarrier(t, { now: clock });
  const archived = await archive(layoutEntries([{ ...named, image: slowly }]));
  await refuses(carrier, archived.subarray(0, -halfALayer), 'invalid', /broken/);
  assert.ok(carrier.store.blobs.count > 0);
  clock.advance(2 * hour);
  await carrier.garbage.collect(false);
  assert.equal(carrier.store.blobs.count, 0);
});

/** An archive whose last blob goes on when something else was done. */
async function* inTwo(
  t: TestContext,
  { store: { blobs } }: Carrier,
  archived: Buffer,
  meanwhile: () => Promise<void>,
): AsyncGenerator<Uint8Array> {
  const begun = Promise.withResolvers<void>();
  const begin = blobs.begin.bind(blobs);
  t.mock.method(blobs, 'begin', (...blob: Parameters<typeof begin>) => {
    if (blob[0] === last.digest) begun.resolve();
    return begin(...blob);
  });
  yield archived.subarray(0, -halfALayer);
  await begun.promise;
  await meanwhile();
  yield archived.subarray(-halfALayer);
}

async function imports(carrier: Carrier, listed: readonly ListedImage[], given?: string) {
  return carrier.imported(await archive(layoutEntries(listed)), given);
}

async function refuses(
  carrier: Carrier,
  bytes: Uint8Array,
  failure: UpkeepFailure,
  message: RegExp,
  given?: string,
): Promise<void> {
  const expected = { name: 'UpkeepError', failure, message };
  await assert.rejects(carrier.imported(bytes, given), expected);
}

async function tagsOf({ store }: Carrier): Promise<string[]> {
  return (await Array.fromAsync(store.catalog.tags.entries())).map(([key]) => key);
}

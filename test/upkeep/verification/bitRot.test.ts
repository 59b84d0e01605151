import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { digestOf, type Digest } from '../../../src/registry/digest.ts';
import { Scrub } from '../../../src/upkeep/verification/scrub.ts';
import type { DamageFound } from '../../../src/upkeep/verification/verification.ts';
import { Verifier } from '../../../src/upkeep/verification/verifier.ts';
import { seededRandom } from '../../http/seededRandom.ts';
import { ask, blobPath, manifestPath, pullImage } from '../../mirror/pulls.ts';
import { layoutOf, startScene, type Scene } from '../../mirror/scene.ts';
import { generatedBlob } from '../../support/blobContent.ts';
import { buildImage, type SingleImage } from '../../support/images.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { cut, lose, rot } from './damage.ts';

const mebibyte = 1024 * 1024;
// The last two are more than one piece of what is hashed.
const sizes = [
  700, 30_000, 300_000, 700, 30_000, 300_000, 700, 30_000, 1_100_000, 2_200_000,
] as const;

interface NamedImage {
  readonly repository: string;
  readonly image: SingleImage;
}

const images: readonly NamedImage[] = Array.from({ length: 30 }, (_, index) => {
  const size = sizes[index % sizes.length] ?? 0;
  const layers = [
    generatedBlob({ size: size + index, seed: `layer of ${index}` }),
    generatedBlob({ size: 2000 + index, seed: `small layer of ${index}` }),
  ];
  return {
    repository: `library/image${index}`,
    image: buildImage({ seed: `image ${index}`, layers }),
  };
});

/** A mirror through which all of the images were pulled, with some of them in memory. */
async function startHolding(t: Lifetime): Promise<Scene> {
  const scene = await startScene(t, { memory: mebibyte });
  for (const { repository, image } of images) {
    scene.hub.addImage(repository, image, { tags: ['1'] });
  }
  await pullAll(scene);
  return scene;
}

async function pullAll({ mirror }: Scene): Promise<void> {
  await Promise.all(
    images.map(({ repository, image }) => pullImage(mirror, repository, '1', image)),
  );
}

/** Harms about a third of all files, each in one of three ways, and says which. */
async function harmSome({ mirror }: Scene, seed: number): Promise<readonly Digest[]> {
  const random = seededRandom(seed);
  const harmed: Digest[] = [];
  for (const [digest, { size }] of mirror.store.blobs.held()) {
    if (random() > 0.35) continue;
    const path = layoutOf(mirror).blobFile(digest);
    const kind = random();
    if (kind < 0.6) await rot(path, Math.floor(random() * size));
    else if (kind < 0.8) await cut(path);
    else await lose(path);
    harmed.push(digest);
  }
  assert.ok(harmed.length > 20);
  return harmed.toSorted();
}

/** No client is given the bytes of a damaged file: the upstream is away, so that no others are to be had. */
async function assertNotServed({ hub, mirror }: Scene, harmed: readonly Digest[]): Promise<void> {
  await hub.goDown();
  const gone = new Set(harmed);
  for (const { repository, image } of images) {
    for (const { digest } of [...image.blobs, image.manifest]) {
      const isManifest = digest === image.manifest.digest;
      const path = isManifest ? manifestPath(repository, digest) : blobPath(repository, digest);
      const { status, bytes } = await ask(mirror, path);
      if (gone.has(digest)) assert.notEqual(status, 200, `${digest} is served still`);
      else if (status === 200) assert.equal(digestOf(bytes), digest);
    }
  }
  await hub.comeUp();
}

/** The next pull of everything brings the right bytes, and the files are right after it. */
async function assertHealed(scene: Scene, harmed: readonly Digest[]): Promise<void> {
  const { clock, hub, mirror } = scene;
  // Past what is remembered of an upstream that was away.
  clock.advance(60_000);
  hub.forget();
  await pullAll(scene);
  const fetched = hub.requests.filter(({ operation }) => operation === 'cdn_get');
  assert.ok(fetched.length <= harmed.length, 'what was not damaged was fetched as well');
  for (const digest of harmed) {
    const bytes = await readFile(layoutOf(mirror).blobFile(digest));
    assert.equal(digestOf(bytes), digest);
  }
}

async function verifyAll({ clock, mirror }: Scene): Promise<DamageFound[]> {
  const { store } = mirror;
  const observed: Digest[] = [];
  const verifier = new Verifier({
    store,
    now: clock,
    monotonicNow: clock,
    failed: assert.ifError,
    observer: { scrubbed: () => undefined, damageFound: (digest) => observed.push(digest) },
  });
  const events = await Array.fromAsync(verifier.verify({}));
  const found = events.filter((event) => event.kind === 'damaged');
  assert.deepEqual(
    observed,
    found.map(({ digest }) => digest),
  );
  return found;
}

/** One pass of the scrub; what it found. */
async function scrubOnce({ clock, mirror }: Scene): Promise<Digest[]> {
  const { store } = mirror;
  const found: Digest[] = [];
  const completed = Promise.withResolvers<void>();
  const scrub = new Scrub({
    store,
    verifier: { idle: async () => undefined },
    rate: 1024 * mebibyte,
    interval: 1000,
    now: clock,
    monotonicNow: clock,
    sleep: async (milliseconds) => clock.advance(milliseconds),
    measureLoop: () => () => 0,
    observer: {
      scrubbed: () => undefined,
      damageFound: (digest) => found.push(digest),
      passCompleted: () => completed.resolve(),
      failed: (error) => completed.reject(error),
    },
  });
  scrub.start();
  await completed.promise;
  await scrub.stop();
  return found;
}

test('bit rot under a running mirror: verify finds all of it and keeps it from clients, pulls heal it', async (t) => {
  const scene = await startHolding(t);
  const harmed = await harmSome(scene, 20_261_121);
  const found = await verifyAll(scene);
  assert.deepEqual(
    found.map(({ digest }) => digest),
    harmed,
  );
  for (const { quarantinedAs, digest } of found) {
    if (quarantinedAs === null) continue;
    assert.notEqual(digestOf(await readFile(quarantinedAs)), digest);
  }
  assert.ok(found.filter(({ quarantinedAs }) => quarantinedAs !== null).length > 15);
  await assertNotServed(scene, harmed);
  await assertHealed(scene, harmed);
  assert.deepEqual(await verifyAll(scene), []);
});

test('bit rot under a running mirror: so does the scrub', async (t) => {
  const scene = await startHolding(t);
  const harmed = await harmSome(scene, 7);
  assert.deepEqual(await scrubOnce(scene), harmed);
  await assertNotServed(scene, harmed);
  await assertHealed(scene, harmed);
  assert.deepEqual(await verifyAll(scene), []);
});

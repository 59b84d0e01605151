import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { membershipKey, repositoryKey, type Repository } from '../../src/store/catalog.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import { Memberships } from '../../src/mirror/memberships.ts';
import { ManifestRequirements } from '../../src/mirror/requirements.ts';
import { buildImage, buildMultiPlatformImage, type ImageContent } from '../support/images.ts';
import { startScene } from './scene.ts';

function repositoryOf(host: string, text: string): Repository {
  const name = parseRepositoryName(text);
  assert.ok(name);
  return { host, name };
}

const alpine = repositoryOf('docker.io', 'library/alpine');
const image = buildImage();
const { digest } = image.manifest;

async function startMemberships(t: TestContext) {
  const { clock, mirror } = await startScene(t);
  const { blobs, catalog } = mirror.store;
  const memberships = new Memberships({
    catalog,
    requirements: new ManifestRequirements(blobs),
    blobs,
    now: clock,
  });
  const hold = ({ manifest }: ImageContent) =>
    blobs.put(manifest.digest, manifest.bytes, manifest.mediaType);
  return { memberships, catalog, clock, hold };
}

describe('a digest', () => {
  test('belongs to the repository that it was seen in and to no other', async (t) => {
    const { memberships } = await startMemberships(t);
    await memberships.add(alpine, [digest], 0);
    assert.equal(await memberships.has(alpine, digest), true);
    assert.equal(await memberships.has(alpine, image.config.digest), false);
    const others = [
      repositoryOf('docker.io', 'library/debian'),
      repositoryOf('ghcr.io', 'library/alpine'),
    ];
    for (const other of others) assert.equal(await memberships.has(other, digest), false);
  });

  test('belongs to a repository that is gone no more', async (t) => {
    const { memberships } = await startMemberships(t);
    await memberships.add(alpine, [digest], 0);
    await memberships.forget(alpine);
    assert.equal(await memberships.has(alpine, digest), false);
  });

  test('does not belong to a repository that went while the upstream was asked for it', async (t) => {
    const { memberships } = await startMemberships(t);
    const generation = await memberships.generation(alpine);
    await memberships.forget(alpine);
    await memberships.add(alpine, [digest], generation);
    assert.equal(await memberships.has(alpine, digest), false);
  });

  test('belongs to a repository that is gone no more, though the disk has no room for the note', async (t) => {
    const { memberships, catalog } = await startMemberships(t);
    await memberships.add(alpine, [digest], 0);
    t.mock.method(catalog.repositories, 'set', () =>
      Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    );
    await memberships.forget(alpine);
    assert.equal(await memberships.has(alpine, digest), false);
  });

  test('belongs to a repository again in which it was seen after that was gone', async (t) => {
    const { memberships } = await startMemberships(t);
    await memberships.forget(alpine);
    await memberships.add(alpine, [digest], await memberships.generation(alpine));
    assert.equal(await memberships.has(alpine, digest), true);
  });
});

test('it is noted when a digest was seen and when its repository was last said to be gone', async (t) => {
  const { memberships, catalog, clock } = await startMemberships(t);
  const start = clock();
  await memberships.add(alpine, [digest], 0);
  clock.advance(5);
  await memberships.forget(alpine);
  clock.advance(5);
  await memberships.forget(alpine);
  assert.deepEqual(await catalog.memberships.get(membershipKey(alpine, digest)), {
    generation: 0,
    notedAt: start,
  });
  assert.deepEqual(await catalog.repositories.get(repositoryKey(alpine)), {
    generation: 2,
    forgottenAt: start + 10,
  });
});

describe('a manifest that the upstream confirms', () => {
  test('vouches for the config and the layers when it is held', async (t) => {
    const { memberships, hold } = await startMemberships(t);
    await hold(image);
    await memberships.confirm(alpine, digest, 0);
    for (const one of [digest, ...image.blobs.map((blob) => blob.digest)]) {
      assert.equal(await memberships.has(alpine, one), true);
    }
  });

  test('vouches for itself alone when it is not held', async (t) => {
    const { memberships } = await startMemberships(t);
    await memberships.confirm(alpine, digest, 0);
    assert.equal(await memberships.has(alpine, digest), true);
    assert.equal(await memberships.has(alpine, image.config.digest), false);
  });

  test('vouches for itself alone when it is an index, which may name what is not there', async (t) => {
    const { memberships, hold } = await startMemberships(t);
    const index = buildMultiPlatformImage();
    await hold(index);
    await memberships.confirm(alpine, index.manifest.digest, 0);
    const [child] = index.children;
    assert.ok(child);
    assert.equal(await memberships.has(alpine, child.manifest.digest), false);
  });
});

describe('an error of the upstream', () => {
  for (const [code, expected] of [
    ['NAME_UNKNOWN', false],
    ['MANIFEST_UNKNOWN', true],
    ['UNAVAILABLE', true],
  ] as const) {
    test(`${code} ${expected ? 'leaves the repository alone' : 'makes it forgotten'}`, async (t) => {
      const { memberships } = await startMemberships(t);
      await memberships.add(alpine, [digest], 0);
      await memberships.heed(alpine, new RegistryError(code));
      assert.equal(await memberships.has(alpine, digest), expected);
    });
  }
});

import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { AccessRules } from '../../src/access/accessRules.ts';
import { LogIns, type PasswordCheck } from '../../src/access/logIns.ts';
import { digestOf } from '../../src/registry/digest.ts';
import { ask, blobPath, filled, getManifest, manifestPath, pullImage } from '../mirror/pulls.ts';
import { startScene, type Scene } from '../mirror/scene.ts';
import { fixedBlob } from '../support/blobContent.ts';
import { personalAccount } from '../support/hub/accounts.ts';
import { buildImage, type ImageContent, type SingleImage } from '../support/images.ts';
import { globsOf } from '../support/testMirror.ts';

const hour = 3_600_000;
const repository = 'acme/app';
const account = { name: personalAccount.username, secret: personalAccount.password };
const allowed = [personalAccount.username];
const headers = { authorization: 'Basic YWxpY2U6eA==' };
const passwords: PasswordCheck = {
  has: () => true,
  recall: (sent) => (sent === headers.authorization ? 'alice' : undefined),
  verify: async (sent) => sent === headers.authorization,
};
const everything = { groups: [], repositories: globsOf(['**']), pull: true };
const secret = buildImage({ seed: 'secret', layers: [fixedBlob('for alice alone')] });
const old = buildImage({ seed: 'old' });

function start(t: TestContext): Promise<Scene> {
  const rules = new AccessRules([{ users: ['alice'], ...everything }], []);
  const access = { rules, logIns: new LogIns({ passwords }) };
  return startScene(t, { account, privateAccess: 'users', tagFreshness: 0, access });
}

/** Has alice pull the private image, until all of it is held. */
async function pullSecret({ mirror }: Scene, tag: string): Promise<void> {
  assert.equal((await ask(mirror, manifestPath(repository, tag), { headers })).status, 200);
  for (const { digest } of secret.blobs) {
    assert.equal((await ask(mirror, blobPath(repository, digest), { headers })).status, 200);
    await filled(mirror, digest);
  }
}

/** A repository that was public, has turned private, and that the upstream can't be asked about anonymously. */
async function startUnconfirmed(t: TestContext): Promise<Scene> {
  const scene = await start(t);
  const { clock, hub, mirror } = scene;
  hub.addImage(repository, old, { tags: ['1'] });
  await pullImage(mirror, repository, '1', old);
  hub.addImage(repository, secret, { tags: ['2'] });
  hub.makePrivate(repository, allowed);
  clock.advance(hour);
  hub.fault({ at: 'token', status: 500, when: (one) => one.headers.authorization === undefined });
  return scene;
}

describe('while nobody can say whether a repository is still public', () => {
  test('what came in for a user since then is for no stranger, by whatever way', async (t) => {
    const scene = await startUnconfirmed(t);
    const { mirror } = scene;
    await pullSecret(scene, '2');
    await ask(mirror, `/v2/${repository}/tags/list`, { headers });
    for (const path of [
      manifestPath(repository, '2'),
      manifestPath(repository, secret.manifest.digest),
      ...secret.blobs.map(({ digest }) => blobPath(repository, digest)),
      `/v2/${repository}/tags/list`,
    ]) {
      const { status, bytes } = await ask(mirror, path);
      assert.equal(status, 503, path);
      assert.doesNotMatch(bytes.toString(), /for alice alone/);
    }
  });

  test('what was everybody’s before is served, though a user has asked for it since then', async (t) => {
    const { mirror } = await startUnconfirmed(t);
    assert.equal((await ask(mirror, manifestPath(repository, '1'), { headers })).status, 200);
    const answer = await getManifest(mirror, repository, '1');
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.bytes, old.manifest.bytes);
    for (const { digest } of old.blobs) {
      assert.equal((await ask(mirror, blobPath(repository, digest))).status, 200);
    }
  });

  test('a stranger makes no user lose anything', async (t) => {
    const scene = await startUnconfirmed(t);
    const { clock, hub, mirror } = scene;
    await pullSecret(scene, '2');
    await getManifest(mirror, repository, '2');
    hub.clearFaults();
    await getManifest(mirror, repository, digestOf(Buffer.from('nothing'), 'sha256'));
    const pull = async () => (await ask(mirror, manifestPath(repository, '2'), { headers })).status;
    assert.equal(await pull(), 200);
    await hub.goDown();
    clock.advance(60_000);
    assert.equal(await pull(), 200);
  });
});

test('what only users pulled of a repository that is public becomes everybody’s when somebody asks', async (t) => {
  const scene = await start(t);
  const { clock, hub, mirror } = scene;
  hub.addImage(repository, secret, { tags: ['2'] });
  await pullSecret(scene, '2');
  await pullImage(mirror, repository, '2', secret);
  await hub.goDown();
  clock.advance(2 * hour);
  await pullImage(mirror, repository, '2', secret);
});

/** An image of the attacker's that names the blobs of the private one. */
function naming({ manifest, blobs }: SingleImage, own: SingleImage, twoFaced: boolean) {
  const theirs = JSON.parse(manifest.bytes.toString()) as { layers: object[]; config: object };
  const mine = JSON.parse(own.manifest.bytes.toString()) as { layers: object[]; config: object };
  const { digest } = manifest;
  const layers = [...theirs.layers, { ...theirs.layers[0], digest, size: manifest.bytes.length }];
  const face = twoFaced ? { Config: mine.config, Layers: mine.layers } : {};
  const bytes = Buffer.from(JSON.stringify({ ...mine, config: theirs.config, layers, ...face }));
  const { mediaType } = own.manifest;
  const image: ImageContent = {
    ...own,
    manifest: { mediaType, bytes, digest: digestOf(bytes, 'sha256') },
  };
  return { image, digests: [...blobs.map((blob) => blob.digest), digest] };
}

describe('a public manifest that names private blobs makes nobody have them', () => {
  for (const [how, twoFaced] of [
    ['by members that registries read otherwise', true],
    ['at a registry that does not look for them', false],
  ] as const) {
    const { image, digests } = naming(secret, buildImage({ seed: 'evil' }), twoFaced);
    for (const first of ['the private image', 'the public one'] as const) {
      test(`${how}, ${first} being pulled first`, async (t) => {
        const scene = await start(t);
        const { hub, mirror } = scene;
        hub.addImage(repository, secret, { tags: ['2'], private: true, allowed });
        hub.addImage('evil/app', image, { tags: ['1'] });
        if (first === 'the private image') await pullSecret(scene, '2');
        assert.equal((await getManifest(mirror, 'evil/app', '1')).status, 200);
        if (first === 'the public one') await pullSecret(scene, '2');
        for (let time = 0; time < 2; time += 1) {
          for (const digest of digests) {
            const { status } = await ask(mirror, blobPath('evil/app', digest));
            assert.equal(status, 404, digest);
          }
          await getManifest(mirror, 'evil/app', '1');
        }
      });

      test(`${how}, nor while the private one comes in, ${first} being first`, async (t) => {
        const scene = await start(t);
        const { hub, mirror } = scene;
        hub.addImage(repository, secret, { tags: ['2'], private: true, allowed });
        hub.addImage('evil/app', image, { tags: ['1'] });
        const [layer] = secret.layers;
        assert.ok(layer !== undefined);
        if (first === 'the public one') await getManifest(mirror, 'evil/app', '1');
        await ask(mirror, manifestPath(repository, '2'), { headers });
        const held = hub.fault({ at: 'blob_body', stallAfter: 1 });
        const pulling = ask(mirror, blobPath(repository, layer.digest), { headers });
        await hub.waitFor({ operation: 'cdn_get' });
        if (first === 'the private image') await getManifest(mirror, 'evil/app', '1');
        const stolen = ask(mirror, blobPath('evil/app', layer.digest));
        await hub.waitFor({ operation: 'blob_get', status: 404 });
        held.release();
        assert.equal((await stolen).status, 404);
        assert.equal((await pulling).status, 200);
      });
    }
  }
});

test('a manifest that readers of JSON take differently vouches for no blob, be it public elsewhere', async (t) => {
  const { hub, mirror } = await start(t);
  hub.addImage(repository, secret, { tags: ['2'] });
  await pullImage(mirror, repository, '2', secret);
  const { image, digests } = naming(secret, buildImage({ seed: 'evil' }), true);
  hub.addImage('evil/app', image, { tags: ['1'] });
  // Once as it is fetched, and once as it is confirmed.
  for (let time = 0; time < 2; time += 1) {
    assert.equal((await getManifest(mirror, 'evil/app', '1')).status, 200);
    for (const digest of digests) {
      assert.equal((await ask(mirror, blobPath('evil/app', digest))).status, 404, digest);
    }
  }
});

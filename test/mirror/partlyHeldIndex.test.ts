import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { personalAccount } from '../support/hub/accounts.ts';
import type { ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildMultiPlatformImage } from '../support/images.ts';
import type { TestMirror } from '../support/testMirror.ts';
import { getManifest, headManifest, pullImage } from './pulls.ts';
import { startScene, type Scene } from './scene.ts';

const repository = 'library/alpine';
const tag = '3.20';
const hour = 3_600_000;
const index = buildMultiPlatformImage();
const [held, , missing] = index.children;
assert.ok(held && missing);
const account = { name: personalAccount.username, secret: personalAccount.password };
const everyStep = ['token', 'manifest_head', 'manifest_get', 'blob_redirect', 'blob_body'] as const;

interface Outage {
  readonly begin: (hub: ScriptedHub) => unknown;
  /** What is said of a platform that is not held. */
  readonly status: number;
}

const outages: Record<string, Outage> = {
  'is down': { begin: (hub) => hub.goDown(), status: 503 },
  'has no pulls left': {
    begin: (hub) => hub.fault({ at: ['manifest_head', 'manifest_get'], throttle: 'pull_limit' }),
    status: 429,
  },
  'throttles this address': {
    begin: (hub) => hub.fault({ at: ['manifest_head', 'manifest_get'], throttle: 'abuse_limit' }),
    status: 503,
  },
  'refuses our credentials': {
    begin: (hub) => {
      hub.removeAccount(personalAccount.username);
      hub.revokeTokens();
    },
    status: 503,
  },
  'gives no answer': {
    begin: (hub) => hub.fault({ at: everyStep, delayHeaders: 'hold' }),
    status: 503,
  },
};

/** An index of which one platform was pulled, and an outage thereafter. */
async function startOutage(
  t: TestContext,
  { begin }: Outage,
): Promise<Scene & { readonly second: TestMirror }> {
  const scene = await startScene(t, { account, privateAccess: 'allow' });
  const { hub, mirror, restart } = scene;
  hub.addImage(repository, index, { tags: [tag] });
  await pullImage(mirror, repository, tag, index);
  const limits = { callTimeout: 100, tokenTimeout: 100, blobTimeout: 100 };
  const second = await restart({ limits });
  await begin(hub);
  hub.forget();
  return { ...scene, second };
}

describe('an index of which one platform is held', () => {
  for (const [name, outage] of Object.entries(outages)) {
    test(`gives that platform, by tag and digest, while the upstream ${name}`, async (t) => {
      const { clock, second } = await startOutage(t, outage);
      for (const age of [0, hour]) {
        clock.advance(age);
        for (const reference of [tag, index.manifest.digest]) {
          await pullImage(second, repository, reference, index);
          assert.equal((await headManifest(second, repository, reference)).status, 200);
        }
        assert.equal((await headManifest(second, repository, held.manifest.digest)).status, 200);
      }
    });

    test(`sends clients elsewhere for the others while the upstream ${name}`, async (t) => {
      const { second } = await startOutage(t, outage);
      for (const ask of [getManifest, headManifest]) {
        const { status, headers } = await ask(second, repository, missing.manifest.digest);
        assert.equal(status, outage.status);
        assert.ok(Number(headers['retry-after']) > 0);
      }
    });
  }

  test('waits once for an upstream that gives no answer, and not for each client', async (t) => {
    const outage = outages['gives no answer'];
    assert.ok(outage);
    const { hub, second } = await startOutage(t, outage);
    await getManifest(second, repository, missing.manifest.digest);
    hub.forget();
    for (const ask of [getManifest, headManifest]) {
      const { status } = await ask(second, repository, missing.manifest.digest);
      assert.equal(status, 503);
    }
    assert.deepEqual(hub.requests, []);
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Identity } from '../../../src/access/client.ts';
import { paidAccount, personalAccount, type Account } from '../../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../../support/hub/scriptedHub.ts';
import { markedSecret } from '../../support/secretMark.ts';
import { onBench, type Bench } from './bench.ts';
import type { ClientSetting } from './client.ts';
import { clientSetting } from './clientSetting.ts';
import type { Login } from './dockerRegistry.ts';
import { writeHtpasswd } from './htpasswdFile.ts';
import { busyboxImage } from './images.ts';
import { layoutContent } from './layoutContent.ts';
import { startMirror, type Mirror } from './mirror.ts';
import type { Image } from './ociLayout.ts';
import { startOutside, type Outside } from './outside.ts';
import { loggedRequests } from './requestLog.ts';

/** A user of the mirror who may pull `acme/**`. */
export const alice: Login = { username: 'alice', password: markedSecret('alice') };
/** A user of the mirror who may pull nothing that is private. */
export const bob: Login = { username: 'bob', password: markedSecret('bob') };
/** The password of nobody. */
export const wrongPassword = markedSecret('wrong');
/** Somebody who has an account at the Hub, which lets them see nothing of others. */
export const otto: Account = { username: 'otto', password: markedSecret('otto'), plan: 'personal' };
/** Somebody whom the Hub lets pull the private image. */
export const mona = personalAccount;

/** The names of the images, without the registry. */
export const publicName = 'library/busybox:1.35';
export const secretName = 'acme/secret:1';

/** Settings of `access` with both users. */
export const users = {
  private: 'users',
  htpasswdFile: 'users.htpasswd',
  rules: [{ users: [alice.username], repositories: ['acme/**'] }],
} as const;

/** A Hub with a public image and a private one, and a mirror with an account that may see both. */
export interface AccessStage {
  readonly bench: Bench;
  readonly hub: ScriptedHub;
  readonly mirror: Mirror;
  readonly outside: Outside;
  /** What a client of this mirror needs. */
  readonly client: ClientSetting;
  readonly publicImage: Image;
  readonly secretImage: Image;
}

/** The name of the mirror, with its port, that `logInHosts` has in these tests: `localhost`. */
export function logInAddress({ mirror }: AccessStage): string {
  return mirror.address.replace('127.0.0.1', 'localhost');
}

/** Makes a test of who gets what, with these settings of the mirror. */
export function onAccessStage(
  settings: object,
  body: (stage: AccessStage) => Promise<void>,
): (context: TestContext) => Promise<void> {
  return onBench(async (bench) => {
    const lifetime = { after: (stop: () => Promise<void>) => bench.onClose(async () => stop()) };
    const hub = await startHub(lifetime, { accounts: [paidAccount, mona, otto] });
    const [publicImage, secretImage] = await fill(bench, hub);
    await writeHtpasswd(join(bench.directory, users.htpasswdFile), [alice, bob]);
    const mirror = await startMirror(bench, {
      upstreamUrl: hub.registryUrl,
      account: { username: paidAccount.username, token: paidAccount.password },
      settings,
      upstreamSettings: {
        trustedHosts: [hub.tokenUrl, hub.cdnUrl].map((url) => new URL(url).host),
      },
    });
    const outside = await startOutside(bench);
    const client = await clientSetting(bench, mirror, outside);
    await body({ bench, hub, mirror, outside, client, publicImage, secretImage });
  });
}

async function fill(bench: Bench, hub: ScriptedHub): Promise<readonly [Image, Image]> {
  const open = await busyboxImage(bench);
  const secret = await busyboxImage(bench, 'secret');
  hub.addImage('library/busybox', await layoutContent(open), { tags: ['1.35'] });
  hub.addImage('acme/secret', await layoutContent(secret), {
    tags: ['1'],
    private: true,
    allowed: [paidAccount.username, mona.username],
  });
  return [open, secret];
}

/** Fails unless something of the private image was served, and all of that to this client by this rule. */
export function assertServedSecret({ mirror }: AccessStage, to: Identity, rule: string): void {
  const served = servedSecrets(mirror);
  assert.notEqual(served.length, 0);
  for (const { path, user, authenticatedBy, rule: by } of served) {
    assert.deepEqual([path, user, authenticatedBy, by], [path, to.name, to.by, rule]);
  }
}

/** Fails if something of the private image was served to anybody. */
export function assertServedNoSecret({ mirror }: AccessStage): void {
  assert.deepEqual(servedSecrets(mirror), []);
}

/** Fails unless the log tells of an attempt at the private image that was refused, with such a reason. */
export function assertRefusedSecret({ mirror }: AccessStage, reason: RegExp): void {
  const refused = loggedRequests(mirror).filter(
    ({ path, status }) => path.includes('/acme/secret/') && status >= 400,
  );
  assert.ok(refused.some((request) => reason.test(request.reason ?? '')));
}

function servedSecrets(mirror: Mirror) {
  return loggedRequests(mirror).filter(
    ({ path, status }) => path.includes('/acme/secret/') && status < 400,
  );
}

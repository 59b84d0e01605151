import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Account } from '../support/hub/accounts.ts';
import {
  alice,
  assertRefusedSecret,
  assertServedNoSecret,
  assertServedSecret,
  bob,
  logInAddress,
  mona,
  onAccessStage,
  otto,
  publicName,
  secretName,
  users,
  wrongPassword,
} from './support/accessStage.ts';
import type { Bench } from './support/bench.ts';
import { startDockerd, type Dockerd } from './support/dockerd.ts';
import { loggedRequests } from './support/requestLog.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { startWiretap } from './support/wiretap.ts';

const skip = unlessInstalled(
  ['dockerd', 'docker', 'containerd', 'runc', 'htpasswd', 'busybox'],
  true,
);

const publicReference = `docker.io/${publicName}`;
const secretReference = `docker.io/${secretName}`;
const verifying = { access: { upstreamCredentials: 'verify', logInHosts: ['localhost'] } };

test(
  'a Docker daemon that uses an open mirror is never challenged for public images, nor sends what it has for Docker Hub',
  { skip },
  onAccessStage({ access: users }, async (stage) => {
    const { mirror, outside, client, publicImage } = stage;
    const tap = await startWiretap(stage.bench, mirror.url);
    const dockerd = await startDockerd({ ...client, mirrorAddress: tap.address });
    const loggedIn = await hubLogIn(stage.bench, mona);
    await dockerd.pull(publicReference);
    await dockerd.assertHolds(publicReference, publicImage);
    await dockerd.forget(publicReference);
    await dockerd.docker('--config', loggedIn, 'pull', publicReference);
    await dockerd.assertHolds(publicReference, publicImage);
    assert.ok(tap.exchanges.some(({ request }) => request === 'GET /v2/'));
    for (const { request, ...rest } of tap.exchanges) {
      const asExpected = { status: 200, challenge: undefined, authorization: undefined };
      assert.deepEqual({ request, ...rest }, { request, ...asExpected });
    }
    for (const { path, status, user } of loggedRequests(mirror)) {
      assert.deepEqual({ path, status, user }, { path, status: 200, user: undefined });
    }
    assert.deepEqual(outside.attempts, []);
  }),
);

test(
  'to a Docker daemon that uses an open mirror what is private looks absent, and Docker Hub’s credentials stay with it',
  { skip },
  onAccessStage({ access: users }, async (stage) => {
    const tap = await startWiretap(stage.bench, stage.mirror.url);
    const dockerd = await startDockerd({ ...stage.client, mirrorAddress: tap.address });
    const loggedIn = await hubLogIn(stage.bench, mona);
    for (const reference of [secretReference, 'docker.io/acme/absent:1']) {
      await assert.rejects(dockerd.docker('--config', loggedIn, 'pull', reference));
    }
    const asked = (repository: string) =>
      tap.exchanges
        .filter(({ request }) => request.includes(`/${repository}/`))
        .map(({ request, ...rest }) => ({ request: request.replace(repository, 'NAME'), ...rest }));
    assert.notEqual(asked('acme/secret').length, 0);
    assert.deepEqual(asked('acme/secret'), asked('acme/absent'));
    assert.deepEqual(
      tap.exchanges.filter(({ authorization }) => authorization),
      [],
    );
    assertServedNoSecret(stage);
  }),
);

const closed = { access: { ...users, anonymous: false } };
const open = { access: { ...users, logInHosts: ['localhost'] } };

for (const [kind, settings] of [
  ['a mirror that serves nobody without a log-in', closed],
  ['the name of an open mirror that is for log-ins', open],
] as const) {
  test(
    `docker login at ${kind} takes the right password, and says that another one is wrong`,
    { skip },
    onAccessStage(settings, async (stage) => {
      const dockerd = await startDockerd(stage.client);
      const registry = logInAddress(stage);
      const folder = join(stage.bench.directory, 'alice');
      await assert.rejects(
        dockerd.logIn(registry, { ...alice, password: wrongPassword }, folder),
        /unauthorized/i,
      );
      assert.match(await dockerd.logIn(registry, alice, folder), /Login Succeeded/);
    }),
  );

  test(
    `docker pull from ${kind} gives the private image to the user who may have it, and to others what isn’t there`,
    { skip },
    onAccessStage(settings, async (stage) => {
      const dockerd = await startDockerd(stage.client);
      const registry = logInAddress(stage);
      const [own, other] = ['alice', 'bob'].map((name) => join(stage.bench.directory, name));
      await dockerd.logIn(registry, alice, own ?? '');
      await dockerd.logIn(registry, bob, other ?? '');
      await assertHidden(dockerd, registry, other ?? '', /not found: name unknown/);
      assertServedNoSecret(stage);
      assertRefusedSecret(stage, /no rule of access.rules lets bob pull it/);
      const reference = `${registry}/${secretName}`;
      await dockerd.docker('--config', own ?? '', 'pull', reference);
      await dockerd.assertHolds(reference, stage.secretImage);
      assertServedSecret(stage, { name: alice.username, by: 'password' }, 'access.rules[0]');
      await dockerd.forget(reference);
      await dockerd.docker('--config', own ?? '', 'logout', registry);
      await assertHidden(dockerd, registry, own ?? '', /no basic auth credentials/);
    }),
  );
}

test(
  'a Docker daemon that is logged in to Docker Hub gets its private image through a mirror that verifies, and another daemon doesn’t',
  { skip },
  onAccessStage(verifying, async (stage) => {
    const { bench, mirror, hub, client, outside, secretImage } = stage;
    const tap = await startWiretap(bench, mirror.url);
    const mirrorAddress = `localhost:${tap.port}`;
    const dockerd = await startDockerd({ ...client, mirrorAddress });
    const [own, other] = [await hubLogIn(bench, mona), await hubLogIn(bench, otto)];
    await assert.rejects(dockerd.docker('--config', other, 'pull', secretReference));
    assertServedNoSecret(stage);
    const attempts = outside.attempts.length;
    await dockerd.docker('--config', own, 'pull', secretReference);
    await dockerd.assertHolds(secretReference, secretImage);
    assert.equal(outside.attempts.length, attempts);
    const identity = { name: mona.username, by: 'upstream' } as const;
    assertServedSecret(stage, identity, 'access.upstreamCredentials');
    assert.equal(tap.exchanges[0]?.challenge, 'Basic realm="pullthrough"');
    const basics = hub.requests.filter(({ headers }) =>
      headers.authorization?.startsWith('Basic '),
    );
    assert.ok(basics.some(({ account }) => account === mona.username));
    assert.deepEqual(new Set(basics.map(({ origin }) => origin)), new Set(['token']));
  }),
);

test(
  'a Docker daemon without a log-in leaves a mirror that asks for one, and turns to Docker Hub',
  { skip },
  onAccessStage(verifying, async (stage) => {
    const tap = await startWiretap(stage.bench, stage.mirror.url);
    const mirrorAddress = `localhost:${tap.port}`;
    const dockerd = await startDockerd({ ...stage.client, mirrorAddress });
    await assert.rejects(dockerd.pull(publicReference));
    assert.deepEqual(
      tap.exchanges.map(({ request, status }) => [request, status]),
      [['GET /v2/', 401]],
    );
    assert.ok(stage.outside.attempts.some((host) => host.endsWith('docker.io:443')));
  }),
);

/** Fails unless the private image can't be pulled for that reason, and in the very words that are said of an absent one. */
async function assertHidden(
  { docker }: Dockerd,
  registry: string,
  folder: string,
  reason: RegExp,
): Promise<void> {
  const said = async (repository: string) => {
    const pulled = docker('--config', folder, 'pull', `${registry}/${repository}:1`);
    const { message } = await pulled.then(() => assert.fail(`${repository} was pulled`), asError);
    return message.replaceAll(repository, 'NAME');
  };
  const saidOfSecret = await said('acme/secret');
  assert.match(saidOfSecret, reason);
  assert.equal(saidOfSecret, await said('acme/absent'));
}

function asError(error: unknown): Error {
  assert.ok(error instanceof Error);
  return error;
}

/** A folder for `docker --config` that is logged in to Docker Hub. */
async function hubLogIn(bench: Bench, { username, password }: Account): Promise<string> {
  const folder = join(bench.directory, `hub-${username}`);
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  await mkdir(folder);
  const auths = { 'https://index.docker.io/v1/': { auth } };
  await writeFile(join(folder, 'config.json'), JSON.stringify({ auths }));
  return folder;
}

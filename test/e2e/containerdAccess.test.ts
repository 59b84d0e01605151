import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  alice,
  assertRefusedSecret,
  assertServedNoSecret,
  assertServedSecret,
  bob,
  onAccessStage,
  publicName,
  secretName,
  users,
  wrongPassword,
  type AccessStage,
} from './support/accessStage.ts';
import { clientFile, exampleAddress } from './support/clientFile.ts';
import { startContainerd, type Containerd } from './support/containerd.ts';
import { tlsSettings, writeCertificates } from './support/dockerCertificates.ts';
import type { Login } from './support/dockerRegistry.ts';
import { loggedRequests } from './support/requestLog.ts';
import { unlessInstalled } from './support/requireProgram.ts';

const skip = unlessInstalled(['containerd', 'ctr', 'htpasswd', 'busybox'], true);
const publicReference = `docker.io/${publicName}`;
const secretReference = `docker.io/${secretName}`;
const settings = { access: users };
const identity = { name: alice.username, by: 'password' } as const;

test(
  'containerd pulls a private image through an open mirror with a user’s header in its hosts.toml, and a public one as everybody',
  { skip },
  onAccessStage(settings, async (stage) => {
    const containerd = await startWithHeader(stage, alice);
    await containerd.pull(secretReference);
    await containerd.assertHolds(secretReference, stage.secretImage);
    assertServedSecret(stage, identity, 'access.rules[0]');
    await containerd.forget(secretReference);
    await containerd.pull(publicReference);
    await containerd.assertHolds(publicReference, stage.publicImage);
    assert.deepEqual(stage.outside.attempts, []);
  }),
);

test(
  'containerd without a header pulls what is public from an open mirror, and finds nothing of what is private',
  { skip },
  onAccessStage(settings, async (stage) => {
    const containerd = await startContainerd(stage.client);
    await containerd.pull(publicReference);
    await containerd.assertHolds(publicReference, stage.publicImage);
    assert.deepEqual(stage.outside.attempts, []);
    await assert.rejects(containerd.pull(secretReference));
    assertServedNoSecret(stage);
    assert.ok(loggedRequests(stage.mirror).every(({ user }) => user === undefined));
  }),
);

test(
  'containerd with a header that is wrong still pulls what is public from an open mirror, and nothing else',
  { skip },
  onAccessStage(settings, async (stage) => {
    const containerd = await startWithHeader(stage, { ...alice, password: wrongPassword });
    await containerd.pull(publicReference);
    await containerd.assertHolds(publicReference, stage.publicImage);
    await assert.rejects(containerd.pull(secretReference));
    assertServedNoSecret(stage);
  }),
);

test(
  'containerd needs the header of a user for everything where the mirror serves nobody without a log-in',
  { skip },
  onAccessStage({ access: { ...users, anonymous: false } }, async (stage) => {
    const containerd = await startWithHeader(stage, bob);
    await containerd.pull(publicReference);
    await containerd.assertHolds(publicReference, stage.publicImage);
    assert.deepEqual(stage.outside.attempts, []);
    await assert.rejects(containerd.pull(secretReference));
    assertRefusedSecret(stage, /no rule of access.rules lets bob pull it/);
    const answered = loggedRequests(stage.mirror).filter(({ status }) => status === 200);
    assert.deepEqual(new Set(answered.map(({ user }) => user)), new Set([bob.username]));
  }),
);

test(
  'containerd pulls a private image with the certificate of a user that its hosts.toml names',
  { skip },
  onAccessStage({ tls: tlsSettings, access: users }, async (stage) => {
    stage.outside.lead(exampleAddress, Number(new URL(stage.mirror.url).port));
    const containerd = await startContainerd(stage.client, await hostsWithCertificate(stage));
    await containerd.pull(secretReference);
    await containerd.assertHolds(secretReference, stage.secretImage);
    const byCertificate = { name: alice.username, by: 'certificate' } as const;
    assertServedSecret(stage, byCertificate, 'access.rules[0]');
    assert.deepEqual(stage.outside.attempts, []);
  }),
);

test(
  'ctr pulls a private image from an open mirror as the user that it is told, and as another one what isn’t there',
  { skip },
  onAccessStage(settings, async (stage) => {
    const containerd = await startContainerd(stage.client);
    const reference = `${stage.mirror.address}/${secretName}`;
    const pull = (name: string, ...flags: string[]) => {
      const store = ['--snapshotter', 'native', '--plain-http'];
      return containerd.ctr(
        'images',
        'pull',
        ...store,
        ...flags,
        `${stage.mirror.address}/${name}`,
      );
    };
    await assert.rejects(pull(secretName), /401 Unauthorized/);
    await assert.rejects(pull(secretName, ...userFlags(bob)), /not found/);
    await assert.rejects(pull('acme/absent:1', ...userFlags(bob)), /not found/);
    assertServedNoSecret(stage);
    await pull(secretName, ...userFlags(alice));
    await containerd.assertHolds(reference, stage.secretImage);
    assertServedSecret(stage, identity, 'access.rules[0]');
  }),
);

/** A containerd with the file of `config/clients` for users, in which the user stands who is in the place of the example. */
async function startWithHeader(
  { client }: AccessStage,
  { username, password }: Login,
): Promise<Containerd> {
  const text = await clientFile('containerd/hosts-login.toml', client.mirrorAddress);
  const example = Buffer.from('name:password').toString('base64');
  assert.ok(text.includes(example));
  const own = Buffer.from(`${username}:${password}`).toString('base64');
  return startContainerd(client, text.replace(example, own));
}

/** A hosts.toml that has containerd show the mirror alice's certificate. */
async function hostsWithCertificate({ bench }: AccessStage): Promise<string> {
  const at = (name: string) => JSON.stringify(join(bench.directory, 'certificates', name));
  await writeCertificates(join(bench.directory, 'certificates'), 'alice');
  return [
    `[host."https://${exampleAddress}"]`,
    'capabilities = ["pull", "resolve"]',
    `ca = ${at('ca.crt')}`,
    `client = [[${at('client.cert')}, ${at('client.key')}]]`,
  ].join('\n');
}

function userFlags({ username, password }: Login): readonly string[] {
  return ['--user', `${username}:${password}`];
}

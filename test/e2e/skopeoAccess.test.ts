import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestHex } from '../../src/registry/digest.ts';
import {
  alice,
  assertRefusedSecret,
  assertServedNoSecret,
  assertServedSecret,
  bob,
  logInAddress,
  onAccessStage,
  secretName,
  users,
  wrongPassword,
  type AccessStage,
} from './support/accessStage.ts';
import { exampleAddress } from './support/clientFile.ts';
import { tlsSettings, writeCertificates } from './support/dockerCertificates.ts';
import type { Login } from './support/dockerRegistry.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';

const skip = unlessInstalled(['skopeo', 'htpasswd', 'busybox']);
const open = { access: { ...users, logInHosts: ['localhost'] } };

test(
  'skopeo copies a private image with the credentials of a user who may have it',
  { skip },
  onAccessStage(open, async (stage) => {
    const copied = new Set(await readdir(await copyAs(stage, alice)));
    for (const { digest } of stage.secretImage.layers) assert.ok(copied.has(digestHex(digest)));
    assertServedSecret(stage, { name: alice.username, by: 'password' }, 'access.rules[0]');
  }),
);

test(
  'skopeo copies no private image with a wrong password, without one, or as a user who may not have it',
  { skip },
  onAccessStage(open, async (stage) => {
    const wrong = { ...alice, password: wrongPassword };
    await assert.rejects(copyAs(stage, wrong), /unauthorized: a valid log-in/);
    await assert.rejects(copyPlainly(stage), /unauthorized: a valid log-in/);
    await assert.rejects(copyAs(stage, bob), /name unknown/);
    assertRefusedSecret(stage, /no rule of access.rules lets bob pull it/);
    assertServedNoSecret(stage);
  }),
);

test(
  'skopeo copies a private image with the certificate of a user who may have it',
  { skip },
  onAccessStage({ tls: tlsSettings, access: users }, async (stage) => {
    const { bench, mirror, outside } = stage;
    outside.lead(exampleAddress, Number(new URL(mirror.url).port));
    const certificates = join(bench.directory, 'certificates');
    await writeCertificates(certificates, 'alice');
    await copySecret(stage, exampleAddress, '--src-cert-dir', certificates);
    assertServedSecret(stage, { name: alice.username, by: 'certificate' }, 'access.rules[0]');
  }),
);

function copyAs(stage: AccessStage, { username, password }: Login): Promise<string> {
  return copyPlainly(stage, '--src-creds', `${username}:${password}`);
}

function copyPlainly(stage: AccessStage, ...flags: string[]): Promise<string> {
  return copySecret(stage, logInAddress(stage), '--src-tls-verify=false', ...flags);
}

/** Copies the private image from the mirror, and resolves with the folder that it is in. */
async function copySecret(
  { bench, client: { environment } }: AccessStage,
  address: string,
  ...flags: string[]
): Promise<string> {
  const folder = join(bench.directory, 'copy');
  const images = [`docker://${address}/${secretName}`, `dir:${folder}`];
  await runCommand('skopeo', ['--insecure-policy', 'copy', ...flags, ...images], { environment });
  return folder;
}

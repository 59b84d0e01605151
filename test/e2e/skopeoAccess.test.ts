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
import type { Login } from './support/dockerRegistry.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';

const skip = unlessInstalled(['skopeo', 'htpasswd', 'busybox']);
const open = { access: { ...users, logInHosts: ['localhost'] } };

test(
  'skopeo copies a private image with the credentials of a user who may have it',
  { skip },
  onAccessStage(open, async (stage) => {
    const copied = new Set(await readdir(await copySecret(stage, alice)));
    for (const { digest } of stage.secretImage.layers) assert.ok(copied.has(digestHex(digest)));
    assertServedSecret(stage, { name: alice.username, by: 'password' }, 'access.rules[0]');
  }),
);

test(
  'skopeo copies no private image with a wrong password, without one, or as a user who may not have it',
  { skip },
  onAccessStage(open, async (stage) => {
    const wrong = { ...alice, password: wrongPassword };
    await assert.rejects(copySecret(stage, wrong), /unauthorized: a valid log-in/);
    await assert.rejects(copySecret(stage), /unauthorized: a valid log-in/);
    await assert.rejects(copySecret(stage, bob), /name unknown/);
    assertRefusedSecret(stage, /no rule of access.rules lets bob pull it/);
    assertServedNoSecret(stage);
  }),
);

/** Copies the private image from the mirror, and resolves with the folder that it is in. */
async function copySecret(stage: AccessStage, login?: Login): Promise<string> {
  const { environment } = stage.client;
  const folder = join(stage.bench.directory, 'copy');
  const source = `docker://${logInAddress(stage)}/${secretName}`;
  const flags = ['--insecure-policy', 'copy', '--src-tls-verify=false'];
  const credentials =
    login === undefined
      ? ['--src-no-creds']
      : ['--src-creds', `${login.username}:${login.password}`];
  const args = [...flags, ...credentials, source, `dir:${folder}`];
  await runCommand('skopeo', args, { environment });
  return folder;
}

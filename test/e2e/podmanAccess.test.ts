import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alice,
  assertRefusedSecret,
  assertServedNoSecret,
  assertServedSecret,
  bob,
  logInAddress,
  onAccessStage,
  publicName,
  secretName,
  users,
  wrongPassword,
} from './support/accessStage.ts';
import { preparePodman } from './support/podman.ts';
import { unlessInstalled } from './support/requireProgram.ts';

const skip = unlessInstalled(['podman', 'htpasswd', 'busybox'], true);
const publicReference = `docker.io/${publicName}`;
const secretReference = `docker.io/${secretName}`;
const identity = { name: alice.username, by: 'password' } as const;

for (const [kind, settings] of [
  ['a mirror that serves nobody without a log-in', { access: { ...users, anonymous: false } }],
  [
    'the name of an open mirror that is for log-ins',
    { access: { ...users, logInHosts: ['localhost'] } },
  ],
] as const) {
  test(
    `podman login at ${kind} takes the right password, and says that another one is wrong`,
    { skip },
    onAccessStage(settings, async (stage) => {
      const podman = await preparePodman(stage.client);
      const registry = logInAddress(stage);
      await assert.rejects(
        podman.logIn(registry, { ...alice, password: wrongPassword }),
        /invalid username\/password/,
      );
      assert.match(await podman.logIn(registry, alice), /Login Succeeded/);
    }),
  );

  test(
    `podman pulls a private image from ${kind} once it is logged in as a user who may have it, by its own name and as Docker Hub’s`,
    { skip },
    onAccessStage(settings, async (stage) => {
      const registry = logInAddress(stage);
      const podman = await preparePodman({ ...stage.client, mirrorAddress: registry });
      const direct = `${registry}/${secretName}`;
      await podman.logIn(registry, alice);
      await podman.podman('pull', '--quiet', '--tls-verify=false', direct);
      await podman.assertHolds(direct, stage.secretImage);
      await podman.forget(direct);
      await podman.pull(secretReference);
      await podman.assertHolds(secretReference, stage.secretImage);
      assertServedSecret(stage, identity, 'access.rules[0]');
      assert.deepEqual(stage.outside.attempts, []);
    }),
  );

  test(
    `podman finds nothing of a private image at ${kind} when it is logged in as somebody else, or not any more`,
    { skip },
    onAccessStage(settings, async (stage) => {
      const registry = logInAddress(stage);
      const podman = await preparePodman({ ...stage.client, mirrorAddress: registry });
      const direct = `${registry}/${secretName}`;
      await podman.logIn(registry, bob);
      await assert.rejects(podman.podman('pull', '--tls-verify=false', direct), /name unknown/);
      await assert.rejects(podman.pull(secretReference));
      assertRefusedSecret(stage, /no rule of access.rules lets bob pull it/);
      await podman.logIn(registry, alice);
      await podman.podman('logout', registry);
      await assert.rejects(
        podman.podman('pull', '--tls-verify=false', direct),
        /unauthorized: a valid log-in/,
      );
      await assert.rejects(podman.pull(secretReference));
      assertServedNoSecret(stage);
    }),
  );
}

test(
  'podman without a log-in pulls public images by either name of an open mirror',
  { skip },
  onAccessStage({ access: { ...users, logInHosts: ['localhost'] } }, async (stage) => {
    for (const mirrorAddress of [logInAddress(stage), stage.mirror.address]) {
      const podman = await preparePodman({ ...stage.client, mirrorAddress });
      await podman.pull(publicReference);
      await podman.assertHolds(publicReference, stage.publicImage);
      await podman.forget(publicReference);
    }
    assert.deepEqual(stage.outside.attempts, []);
  }),
);

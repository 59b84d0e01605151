import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  alice,
  assertServedNoSecret,
  assertServedSecret,
  onAccessStage,
  publicName,
  secretName,
  users,
  type AccessStage,
} from './support/accessStage.ts';
import { exampleAddress } from './support/clientFile.ts';
import { dockerCertificates, tlsSettings } from './support/dockerCertificates.ts';
import { startDockerd, type Dockerd } from './support/dockerd.ts';
import { loggedRequests } from './support/requestLog.ts';
import { unlessInstalled } from './support/requireProgram.ts';

const skip = unlessInstalled(
  ['dockerd', 'docker', 'containerd', 'runc', 'htpasswd', 'busybox'],
  true,
);

const publicReference = `docker.io/${publicName}`;
const secretReference = `docker.io/${secretName}`;
const settings = { tls: tlsSettings, access: users };

test(
  'a Docker daemon with a client certificate pulls a private image as the user of that name, by the mirror’s name and as Docker Hub’s',
  { skip },
  onAccessStage(settings, async (stage) => {
    const dockerd = await startWithCertificate(stage, 'alice');
    for (const reference of [secretReference, `${exampleAddress}/${secretName}`]) {
      await dockerd.pull(reference);
      await dockerd.assertHolds(reference, stage.secretImage);
      await dockerd.forget(reference);
    }
    const identity = { name: alice.username, by: 'certificate' } as const;
    assertServedSecret(stage, identity, 'access.rules[0]');
    assert.deepEqual(stage.outside.attempts, []);
  }),
);

test(
  'a Docker daemon with a certificate that is no good any more is refused everything, and the log says why',
  { skip },
  onAccessStage(settings, async (stage) => {
    const { mirror } = stage;
    const dockerd = await startWithCertificate(stage, 'expired');
    for (const name of [secretName, publicName]) {
      await assert.rejects(dockerd.pull(`docker.io/${name}`));
      await assert.rejects(dockerd.pull(`${exampleAddress}/${name}`));
    }
    const requests = loggedRequests(mirror);
    assert.notEqual(requests.length, 0);
    for (const { path, status, user, reason } of requests) {
      assert.deepEqual({ path, status, user }, { path, status: 403, user: undefined });
      assert.match(reason ?? '', /your client certificate is not accepted: it has expired/);
    }
  }),
);

for (const [which, name] of [
  ['without a certificate', undefined],
  // Go's TLS keeps back what no authority that the server names has issued.
  ['with a certificate that somebody else has issued', 'bob'],
] as const) {
  test(
    `a Docker daemon ${which} pulls what is public over TLS, and finds nothing of what is private`,
    { skip },
    onAccessStage(settings, async (stage) => {
      const dockerd = await startWithCertificate(stage, name);
      await dockerd.pull(publicReference);
      await dockerd.assertHolds(publicReference, stage.publicImage);
      assert.deepEqual(stage.outside.attempts, []);
      await assert.rejects(dockerd.pull(secretReference));
      await assert.rejects(dockerd.pull(`${exampleAddress}/${secretName}`));
      assertServedNoSecret(stage);
      assert.ok(loggedRequests(stage.mirror).every(({ user }) => user === undefined));
    }),
  );
}

/** A daemon that knows the mirror by the name that its certificate has, and shows it `name`'s certificate. */
async function startWithCertificate(stage: AccessStage, name?: string): Promise<Dockerd> {
  const { mirror, outside } = stage;
  const client = { ...stage.client, mirrorAddress: exampleAddress };
  outside.lead(exampleAddress, Number(new URL(mirror.url).port));
  const etcDocker = await dockerCertificates(client, name);
  return startDockerd(client, { configuration: 'dockerd/daemon-tls.json', etcDocker });
}

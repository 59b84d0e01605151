import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openUpstreams } from '../../src/cli/openUpstreams.ts';
import type { MirroredUpstreams } from '../../src/mirror/mirroredUpstream.ts';
import { loadFrom } from '../config/loadFrom.ts';
import { paidAccount, personalAccount } from '../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { recordingObserver } from '../upstream/recordingObserver.ts';
import { repository } from '../upstream/testUpstream.ts';

const hosts = ['docker.io', 'other.test'];
const mona = { username: personalAccount.username, secret: personalAccount.password };

/** Two upstreams on one Hub, at which the mirror has an account. */
function openTwo(t: Lifetime, hub: ScriptedHub, environment: NodeJS.ProcessEnv): MirroredUpstreams {
  const { username, password: token } = paidAccount;
  const upstreams = hosts.map((host) => ({
    host,
    url: hub.registryUrl,
    trustedHosts: [new URL(hub.tokenUrl).host],
    accounts: [{ username, token }],
  }));
  const given = { PULLTHROUGH_UPSTREAMS: JSON.stringify(upstreams), ...environment };
  const { configuration } = loadFrom({ environment: given });
  const opened = openUpstreams(configuration, {}, recordingObserver(), () => performance.now());
  t.after(() => opened.destroy());
  return opened.upstreams;
}

test('Docker Hub is asked about the credentials of clients where they are verified', async (t) => {
  const hub = await startHub(t);
  hub.addImage('acme/secret', buildImage(), { private: true, allowed: [paidAccount.username] });
  hub.addImage('mona/secret', buildImage(), {
    tags: ['latest'],
    private: true,
    allowed: [mona.username],
  });
  const upstreams = openTwo(t, hub, { PULLTHROUGH_ACCESS_UPSTREAM_CREDENTIALS: 'verify' });
  const { credentials } = upstreams.find('docker.io') ?? {};
  assert.equal(await credentials?.mayPull(repository('mona/secret'), mona), true);
  assert.equal(await credentials?.mayPull(repository('acme/secret'), mona), false);
});

test('no other upstream is, to which they would be given away', async (t) => {
  const hub = await startHub(t);
  const upstreams = openTwo(t, hub, { PULLTHROUGH_ACCESS_UPSTREAM_CREDENTIALS: 'verify' });
  for (const host of hosts.filter((one) => one !== 'docker.io')) {
    assert.equal(upstreams.find(host)?.credentials, undefined);
  }
});

test('no upstream is asked about the credentials of clients unless that is switched on', async (t) => {
  const hub = await startHub(t);
  const upstreams = openTwo(t, hub, {});
  for (const host of hosts) assert.equal(upstreams.find(host)?.credentials, undefined);
});

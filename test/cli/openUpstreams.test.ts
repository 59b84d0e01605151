import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, monotonicNow, openMirror } from '../../src/cli/openMirror.ts';
import { openUpstreams } from '../../src/cli/openUpstreams.ts';
import { createRegistryServer } from '../../src/http/registryServer.ts';
import type { MirroredUpstreams } from '../../src/mirror/mirroredUpstream.ts';
import { createLogger } from '../../src/ops/logger.ts';
import { loadFrom } from '../config/loadFrom.ts';
import { paidAccount, personalAccount } from '../support/hub/accounts.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { admissionTo } from '../support/testMirror.ts';
import { recordingObserver } from '../upstream/recordingObserver.ts';
import { repository } from '../upstream/testUpstream.ts';

const hosts = ['docker.io', 'other.test'];
const image = buildImage();
const mona = { username: personalAccount.username, secret: personalAccount.password };

/** Two upstreams on one Hub, at which the mirror has an account. */
function openTwo(t: Lifetime, hub: ScriptedHub, environment: NodeJS.ProcessEnv): MirroredUpstreams {
  const { username, password: token } = paidAccount;
  const upstreams = hosts.map((host) => ({
    host,
    url: hub.registryUrl,
    trustedHosts: [new URL(hub.tokenUrl).host],
    accounts: [{ username, token }],
    deny: [{ repositories: ['alpine'], reason: 'not that one' }],
  }));
  const given = { PULLTHROUGH_UPSTREAMS: JSON.stringify(upstreams), ...environment };
  const { configuration } = loadFrom({ environment: given });
  const opened = openUpstreams(configuration, {}, recordingObserver(), () => performance.now());
  t.after(() => opened.destroy());
  return opened.upstreams;
}

/** Runs a mirror for as long as it takes to ask for the image in `acme/secret`, by its tag and by digests. */
async function statusesWith(
  hub: ScriptedHub,
  accounts: readonly object[],
  environment: NodeJS.ProcessEnv,
): Promise<readonly number[]> {
  const trustedHosts = [hub.tokenUrl, hub.cdnUrl].map((url) => new URL(url).host);
  const upstreams = [{ host: 'docker.io', url: hub.registryUrl, trustedHosts, accounts }];
  const { configuration } = loadFrom({
    environment: { ...environment, PULLTHROUGH_UPSTREAMS: JSON.stringify(upstreams) },
  });
  const logger = createLogger({ level: 'silent', format: 'json' });
  const metrics = createMetrics(configuration);
  const opened = await openMirror(configuration, {}, { logger, metrics });
  const { mirror } = opened;
  const observer = { finished: () => {} };
  const admission = admissionTo(mirror);
  const server = createRegistryServer({ mirror, admission, observer, monotonicNow });
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const blobs = image.blobs.map(({ digest }) => digest);
  const rests = [
    'manifests/1',
    `manifests/${image.manifest.digest}`,
    ...blobs.map((digest) => `blobs/${digest}`),
  ];
  const statuses: number[] = [];
  for (const rest of rests) statuses.push((await fetch(`${url}/v2/acme/secret/${rest}`)).status);
  for (const digest of blobs) await mirror.fills.find(digest)?.finished;
  server.server.closeAllConnections();
  await server.close();
  await opened.stop();
  await opened.close();
  return statuses;
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

test('it is Docker Hub that clients log in to with credentials of theirs, whatever the default is', async (t) => {
  const hub = await startHub(t);
  const environment = {
    PULLTHROUGH_DEFAULT_UPSTREAM: 'other.test',
    PULLTHROUGH_ACCESS_UPSTREAM_CREDENTIALS: 'verify',
  };
  const upstreams = openTwo(t, hub, environment);
  assert.equal(upstreams.verifying, upstreams.find('docker.io'));
  assert.equal(openTwo(t, hub, {}).verifying, undefined);
});

test('no other upstream is, to which they would be given away', async (t) => {
  const hub = await startHub(t);
  const upstreams = openTwo(t, hub, { PULLTHROUGH_ACCESS_UPSTREAM_CREDENTIALS: 'verify' });
  for (const host of hosts.filter((one) => one !== 'docker.io')) {
    assert.equal(upstreams.find(host)?.credentials, undefined);
  }
});

test('what an account brought in while it was for all is for nobody when the account is gone', async (t) => {
  const hub = await startHub(t);
  const { username, password: token } = paidAccount;
  hub.addImage('acme/secret', image, { tags: ['1'], private: true, allowed: [username] });
  const PULLTHROUGH_STORAGE_DIRECTORY = await temporaryDirectory(t);
  const statuses = async (accounts: readonly object[], environment: NodeJS.ProcessEnv) =>
    new Set(await statusesWith(hub, accounts, { PULLTHROUGH_STORAGE_DIRECTORY, ...environment }));
  const open = { PULLTHROUGH_ACCESS_PRIVATE: 'allow' };
  assert.deepEqual(await statuses([{ username, token }], open), new Set([200]));
  assert.deepEqual(await statuses([], {}), new Set([404]));
});

test('no upstream is asked about the credentials of clients unless that is switched on', async (t) => {
  const hub = await startHub(t);
  const upstreams = openTwo(t, hub, {});
  for (const host of hosts) assert.equal(upstreams.find(host)?.credentials, undefined);
});

test('what is denied by its short name is so on Docker Hub, where that is the custom', async (t) => {
  const hub = await startHub(t);
  const upstreams = openTwo(t, hub, {});
  const [onHub, elsewhere] = hosts.map((host) => upstreams.find(host)?.list);
  assert.equal(onHub?.refusalOf(repository('library/alpine')), 'not that one');
  assert.equal(elsewhere?.refusalOf(repository('library/alpine')), undefined);
});

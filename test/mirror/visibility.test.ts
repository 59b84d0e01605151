import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { personalAccount } from '../support/hub/accounts.ts';
import { buildImage } from '../support/images.ts';
import { ask, blobPath, getBlob, getManifest, manifestPath, pullImage } from './pulls.ts';
import { startScene } from './scene.ts';

const account = { name: personalAccount.username, secret: personalAccount.password };
const allowed = [personalAccount.username];
const open = 'library/alpine';
const closed = 'acme/secret';
const missing = 'acme/nothing';
const minute = 60_000;
const hour = 60 * minute;
const image = buildImage();

/** What every route about an image answers in a repository, with its name blotted out. */
function routesOf(repository: string): readonly string[] {
  return [
    manifestPath(repository, '3.20'),
    manifestPath(repository, image.manifest.digest),
    blobPath(repository, image.config.digest),
    `/v2/${repository}/tags/list`,
    `/v2/${repository}/referrers/${image.manifest.digest}`,
  ];
}

describe('a private repository', () => {
  test('looks on every route exactly like one that does not exist', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(closed, image, { tags: ['3.20'], private: true, allowed });
    for (const method of ['GET', 'HEAD'] as const) {
      const answersFor = async (repository: string) => {
        const paths = routesOf(repository);
        const answers = await Promise.all(paths.map((path) => ask(mirror, path, { method })));
        return answers.map(({ status, headers, bytes }) => ({
          status,
          headers: { ...headers, date: undefined, 'content-length': undefined },
          body: bytes.toString().replaceAll(repository, 'NAME'),
        }));
      };
      const answers = await answersFor(closed);
      assert.deepEqual(answers, await answersFor(missing));
      assert.ok(answers.every(({ status }) => status === 404));
      const code = /"code":"NAME_UNKNOWN"/;
      if (method === 'GET') for (const { body } of answers) assert.match(body, code);
    }
  });

  test('is not served while the upstream fails to say whether it is one', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(closed, image, { tags: ['3.20'], private: true, allowed });
    hub.fault({ at: 'token', status: 503, when: ({ headers }) => !('authorization' in headers) });
    for (let attempt = 0; attempt < 2; attempt += 1) {
      assert.equal((await getManifest(mirror, closed, '3.20')).status, 503);
    }
  });

  test('is denied even when all of it is held', async (t) => {
    const { clock, hub, mirror } = await startScene(t, { account });
    hub.addImage(closed, image, { tags: ['3.20'] });
    await pullImage(mirror, closed, '3.20', image);
    hub.makePrivate(closed, allowed);
    clock.advance(hour);
    for (const path of routesOf(closed)) assert.equal((await ask(mirror, path)).status, 404);
  });

  test('is told where its registry hides it by a 404, as one would a missing tag', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(closed, image, { tags: ['3.20'] });
    // What the check asks for, which has no account.
    hub.fault({
      at: 'manifest_head',
      status: 404,
      when: ({ reference }) => reference === 'latest',
    });
    hub.fault({ at: 'tags', status: 404, body: '{"errors":[{"code":"NAME_UNKNOWN"}]}' });
    assert.equal((await getManifest(mirror, closed, '3.20')).status, 404);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('is told where its registry hides it by a list without tags', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(closed, image, { tags: ['3.20'], private: true, allowed });
    hub.fault({
      at: 'manifest_head',
      status: 404,
      when: ({ reference }) => reference === 'latest',
    });
    hub.fault({ at: 'tags', status: 200, body: JSON.stringify({ name: closed, tags: [] }) });
    assert.equal((await getManifest(mirror, closed, '3.20')).status, 404);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('is not taken for public because a firewall answers in place of the upstream', async (t) => {
    for (const type of ['text/html; charset=utf-8', 'application/json', undefined]) {
      const { hub, mirror } = await startScene(t, { account });
      hub.addImage(closed, image, { tags: ['3.20'], private: true, allowed });
      const headers = type === undefined ? {} : { 'content-type': type };
      hub.fault({ at: 'manifest_head', status: 200, headers, body: '<p>Log in</p>', times: 1 });
      assert.equal((await getManifest(mirror, closed, '3.20')).status, 503, String(type));
      assert.equal((await getManifest(mirror, closed, '3.20')).status, 404, String(type));
      assert.equal(hub.count({ operation: 'manifest_get' }), 0);
    }
  });

  test('that was public stays closed while others crowd the checks', async (t) => {
    const [limits, agentLimits] = [{ callWait: 20 }, { apiConnections: 1 }];
    const { clock, hub, mirror } = await startScene(t, { account, limits, agentLimits });
    hub.addImage(closed, image, { tags: ['3.20'] });
    await pullImage(mirror, closed, '3.20', image);
    hub.makePrivate(closed, allowed);
    clock.advance(2 * hour);
    hub.forget();
    const held = hub.fault({ at: 'token', delayHeaders: 'hold', times: 1 });
    const crowd = getManifest(mirror, missing, '3.20');
    await hub.waitFor({ operation: 'token' });
    const paths = [
      manifestPath(closed, image.manifest.digest),
      blobPath(closed, image.config.digest),
    ];
    for (const path of paths) assert.equal((await ask(mirror, path)).status, 503);
    held.release();
    await crowd;
    for (const path of paths) assert.equal((await ask(mirror, path)).status, 404);
  });

  test('is asked for again after a minute', async (t) => {
    const { clock, hub, mirror } = await startScene(t, { account });
    hub.addImage(closed, image, { tags: ['3.20'], private: true, allowed });
    assert.equal((await getManifest(mirror, closed, '3.20')).status, 404);
    hub.makePublic(closed);
    assert.equal((await getManifest(mirror, closed, '3.20')).status, 404);
    clock.advance(minute);
    await pullImage(mirror, closed, '3.20', image);
  });

  test('is served when the operator allows it', async (t) => {
    const { hub, mirror } = await startScene(t, { account, privateAccess: 'allow' });
    hub.addImage(closed, image, { tags: ['3.20'], private: true, allowed });
    await pullImage(mirror, closed, '3.20', image);
    assert.ok(hub.requests.every(({ operation, account: by }) => operation !== 'token' || by));
  });

  test('is denied in silence while it is held and the mirror is offline', async (t) => {
    const { hub, mirror, restart } = await startScene(t, { account, privateAccess: 'allow' });
    hub.addImage(closed, image, { tags: ['3.20'], private: true, allowed });
    await pullImage(mirror, closed, '3.20', image);
    const second = await restart({ privateAccess: 'deny', offline: true });
    hub.forget();
    assert.equal((await getManifest(second, closed, '3.20')).status, 404);
    assert.deepEqual(hub.requests, []);
  });
});

describe('a public repository', () => {
  test('is served, and counted to the account', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(open, image, { tags: ['3.20'] });
    await pullImage(mirror, open, '3.20', image);
    const pulls = hub.requests.filter(({ operation }) => operation === 'manifest_get');
    assert.deepEqual(
      pulls.map((pull) => pull.account),
      [personalAccount.username],
    );
  });

  test('is checked anonymously once an hour for all who ask, without a counted request', async (t) => {
    const { clock, hub, mirror } = await startScene(t, { account, tagFreshness: 24 * hour });
    hub.addImage(open, image, { tags: ['3.20'] });
    const pullMany = () =>
      Promise.all(Array.from({ length: 20 }, () => getManifest(mirror, open, '3.20')));
    const checks = () =>
      hub.requests.filter(
        ({ operation, account: by, headers }) =>
          operation === 'manifest_head' && by === undefined && headers.authorization !== undefined,
      );
    await pullMany();
    assert.equal(checks().length, 1);
    clock.advance(hour - 1);
    await pullMany();
    assert.equal(checks().length, 1);
    clock.advance(1);
    await pullMany();
    assert.equal(checks().length, 2);
    assert.equal(hub.count({ operation: 'manifest_get' }), 1);
  });

  test('needs no tag called latest to be known as public', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(open, image, { tags: ['3.20'] });
    assert.equal((await getManifest(mirror, open, image.manifest.digest)).status, 200);
  });

  test('is told from a hidden one by its tags: without any it counts as private', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(open, image);
    assert.equal((await getManifest(mirror, open, image.manifest.digest)).status, 404);
  });

  test('stays public while the upstream is down, also for another process', async (t) => {
    const { clock, hub, mirror, restart } = await startScene(t, { account });
    hub.addImage(open, image, { tags: ['3.20'] });
    await pullImage(mirror, open, '3.20', image);
    await hub.goDown();
    clock.advance(2 * hour);
    await pullImage(mirror, open, '3.20', image);
    await pullImage(await restart(), open, '3.20', image);
  });

  test('is answered with 503 when the upstream cannot be asked whether it is one', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(open, image, { tags: ['3.20'] });
    await hub.goDown();
    assert.equal((await getManifest(mirror, open, '3.20')).status, 503);
    assert.equal((await getBlob(mirror, open, image.config.digest)).status, 503);
  });

  test('is served as soon as the upstream can be asked again', async (t) => {
    const { hub, mirror } = await startScene(t, { account });
    hub.addImage(open, image, { tags: ['3.20'] });
    const outage = hub.fault({ at: 'manifest_head', status: 503, times: 1 });
    assert.equal((await getManifest(mirror, open, '3.20')).status, 503);
    assert.equal(outage.hits, 1);
    assert.equal((await getManifest(mirror, open, '3.20')).status, 200);
  });
});

test('without an account nothing is checked: the upstream itself sees an anonymous client', async (t) => {
  const { hub, mirror } = await startScene(t);
  hub.addImage(open, image, { tags: ['3.20'] });
  await pullImage(mirror, open, '3.20', image);
  assert.equal(hub.count({ operation: 'manifest_head', status: 200 }), 1);
});

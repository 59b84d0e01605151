import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { AccessRules } from '../../src/access/accessRules.ts';
import { LogInFailures } from '../../src/access/logInFailures.ts';
import { Passwords } from '../../src/access/passwords.ts';
import { UpstreamCredentials } from '../../src/access/upstreamCredentials.ts';
import { ask, manifestPath, pullImage } from '../mirror/pulls.ts';
import { startScene, type SceneOptions } from '../mirror/scene.ts';
import { paidAccount, personalAccount } from '../support/hub/accounts.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { markedSecret } from '../support/secretMark.ts';
import { globsOf, type TestMirror } from '../support/testMirror.ts';
import { basicOf } from './matrix/clients.ts';

const hour = 3_600_000;
const account = { name: paidAccount.username, secret: paidAccount.password };
const allowed = [paidAccount.username];
const password = markedSecret('right');
const hashes = new Map([
  ['alice', 'a'],
  ['bob', 'b'],
]);
const closed = 'acme/secret';
const missing = 'acme/nothing';
const image = buildImage();
const rules = new AccessRules(
  [{ users: ['alice'], groups: [], repositories: globsOf(['acme/**']), pull: true }],
  [],
);

const now = (): number => performance.now();
const matches = (text: string): Promise<boolean> => Promise.resolve(text === password);

/** A mirror with users, of whom alice may pull. */
async function startUsers(t: Lifetime, options: SceneOptions = {}) {
  const failures = new LogInFailures({ now, wait: async () => {} });
  const passwords = new Passwords({ hashes, failures, now, matches });
  const access = { passwords, rules, ...options.access };
  const scene = await startScene(t, { account, privateAccess: 'users', ...options, access });
  const statusFor = async (path: string, username?: string, given = password) => {
    const headers: Record<string, string> =
      username === undefined ? {} : { authorization: basicOf(username, given) };
    return (await ask(scene.mirror, path, { headers })).status;
  };
  return { ...scene, statusFor };
}

describe('a right password that nobody has looked at yet counts', () => {
  test('where the repository was public, and now nobody can say', async (t) => {
    const { clock, hub, mirror, statusFor } = await startUsers(t);
    hub.addImage(closed, image, { tags: ['1'] });
    await pullImage(mirror, closed, '1', image);
    hub.addImage(closed, buildImage({ seed: 'later' }), { tags: ['2'] });
    hub.makePrivate(closed, allowed);
    clock.advance(2 * hour);
    hub.fault({ at: 'token', status: 429, when: ({ headers }) => !('authorization' in headers) });
    const path = manifestPath(closed, '2');
    assert.equal(await statusFor(path), 503);
    assert.equal(await statusFor(path, 'alice', 'wrong'), 503);
    assert.equal(await statusFor(path, 'bob'), 503);
    assert.equal(await statusFor(path, 'alice'), 200);
  });

  test('where there is no such repository, and no account that could see it', async (t) => {
    const { hub, statusFor } = await startUsers(t, { accountRules: { accounts: [] } });
    hub.addImage(closed, image, { tags: ['1'], private: true, allowed });
    for (const name of [missing, closed]) {
      const path = manifestPath(name, '1');
      assert.equal(await statusFor(path), 401);
      assert.equal(await statusFor(path, 'alice', 'wrong'), 401);
      assert.equal(await statusFor(path, 'alice'), 404);
      assert.equal(await statusFor(path, 'bob'), 404);
    }
  });
});

/** Asks as somebody, and gives the status with what the log has to say. */
function reporter({ mirror }: { readonly mirror: TestMirror }) {
  return async (path: string, headers: Record<string, string> = {}) => {
    const { status } = await ask(mirror, path, { headers });
    const { user, authenticatedBy, error } = mirror.finished.at(-1) ?? assert.fail();
    return { status, user, authenticatedBy, reason: inspect(error) };
  };
}

describe('the log says of a request that is denied', () => {
  test('who the client is, where that is known', async (t) => {
    const scene = await startUsers(t);
    scene.hub.addImage(closed, image, { tags: ['1'], private: true, allowed });
    const report = reporter(scene);
    const authorization = basicOf('bob', password);
    const { reason, ...rest } = await report(manifestPath(closed, '1'), { authorization });
    assert.deepEqual(rest, { status: 404, user: 'bob', authenticatedBy: 'password' });
    assert.match(reason, /no rule of access\.rules lets bob pull it/);
  });

  test('that a log-in was refused, and not whose', async (t) => {
    const scene = await startUsers(t);
    scene.hub.addImage(closed, image, { tags: ['1'], private: true, allowed });
    const report = reporter(scene);
    const authorization = basicOf('mallory', 'wrong');
    for (const path of [manifestPath(closed, '1'), '/v2/']) {
      assert.doesNotMatch((await report(path)).reason, /log-in was refused/);
      const { status, user, reason } = await report(path, { authorization });
      assert.deepEqual([status, user], [401, undefined]);
      assert.match(reason, /the log-in was refused/);
      assert.doesNotMatch(reason, /mallory/);
    }
  });
});

describe('credentials of Docker Hub that come over plain HTTP', () => {
  const elsewhere = { 'x-forwarded-for': '203.0.113.7' };
  const upstreamCredentials = new UpstreamCredentials({
    failures: new LogInFailures({ now, wait: async () => {} }),
    now,
  });
  const start = async (t: Lifetime) => {
    const access = { upstreamCredentials };
    const logInHosts = ['log-in.test'];
    const scene = await startScene(t, { account, access, logInHosts });
    scene.hub.addImage(closed, image, { tags: ['1'], private: true, allowed });
    return { ...scene, report: reporter(scene) };
  };
  const own = basicOf(personalAccount.username, personalAccount.password);

  test('open nothing, and the log says why', async (t) => {
    const { report } = await start(t);
    const path = manifestPath(closed, '1');
    const { status, reason } = await report(path, { ...elsewhere, authorization: own });
    assert.equal(status, 404);
    assert.match(reason, /the credentials came over plain HTTP/);
    assert.doesNotMatch((await report(path, elsewhere)).reason, /plain HTTP/);
  });

  test('are refused where clients log in, with what to do about it', async (t) => {
    const { mirror } = await start(t);
    const headers = { ...elsewhere, host: 'log-in.test', authorization: own };
    const { status, bytes } = await ask(mirror, '/v2/', { headers });
    assert.equal(status, 403);
    assert.match(bytes.toString(), /"code":"DENIED".*https/);
    assert.equal((await ask(mirror, '/v2/', { headers: elsewhere })).status, 200);
    const safe = { host: 'log-in.test', authorization: own };
    assert.equal((await ask(mirror, '/v2/', { headers: safe })).status, 200);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AccessRules } from '../../src/access/accessRules.ts';
import { LogInFailures } from '../../src/access/logInFailures.ts';
import { Passwords } from '../../src/access/passwords.ts';
import { ask, manifestPath, pullImage } from '../mirror/pulls.ts';
import { startScene, type SceneOptions } from '../mirror/scene.ts';
import { paidAccount } from '../support/hub/accounts.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { markedSecret } from '../support/secretMark.ts';
import { globsOf } from '../support/testMirror.ts';
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

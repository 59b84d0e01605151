import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildImage } from '../images.ts';
import { manualClock } from '../manualClock.ts';
import { markedSecret } from '../secretMark.ts';
import { paidAccount, personalAccount } from './accounts.ts';
import { basic, manifestPath, plainClient } from './plainClient.ts';
import { startHub } from './scriptedHub.ts';

const image = buildImage();

test('a token comes under both names, with its lifetime and its time of issue', async (t) => {
  const clock = manualClock();
  const hub = await startHub(t, { clock });
  const reply = (await plainClient(hub).token('library/alpine')).json() as Record<string, unknown>;
  assert.equal(reply['token'], reply['access_token']);
  assert.equal(reply['expires_in'], 300);
  assert.equal(reply['issued_at'], new Date(clock()).toISOString());
});

test('wrong credentials are refused with 401', async (t) => {
  const hub = await startHub(t);
  const client = plainClient(hub);
  const wrong = { ...paidAccount, password: 'guess' };
  assert.equal((await client.token('library/alpine', wrong)).status, 401);
  assert.equal((await client.token('library/alpine', paidAccount)).status, 200);
});

test('an account that was removed can no longer sign in, one that was added can', async (t) => {
  const hub = await startHub(t);
  const client = plainClient(hub);
  hub.removeAccount(paidAccount.username);
  assert.equal((await client.token('library/alpine', paidAccount)).status, 401);
  hub.addAccount(paidAccount);
  assert.equal((await client.token('library/alpine', paidAccount)).status, 200);
});

test('a token for a missing repository is granted but opens nothing', async (t) => {
  const hub = await startHub(t);
  const client = plainClient(hub);
  assert.equal((await client.token('library/missing')).status, 200);
  const reply = await client.pull('/v2/library/missing/manifests/latest');
  assert.equal(reply.status, 401);
  assert.match(reply.headers['www-authenticate'] ?? '', /,error="insufficient_scope"$/);
});

test('a private repository opens to the accounts that may read it and to nobody else', async (t) => {
  const hub = await startHub(t);
  const client = plainClient(hub);
  hub.addImage('acme/secret', image, { private: true, allowed: [paidAccount.username] });
  const path = manifestPath('acme/secret', image);
  assert.equal((await client.pull(path)).status, 401);
  assert.equal((await client.pull(path, { account: personalAccount })).status, 401);
  assert.equal((await client.pull(path, { account: paidAccount })).status, 200);
  hub.makePublic('acme/secret');
  assert.equal((await client.pull(path)).status, 200);
});

test('a token is good for the repositories of its scopes and for no other', async (t) => {
  const hub = await startHub(t);
  const client = plainClient(hub);
  for (const name of ['library/one', 'library/two', 'library/three']) hub.addImage(name, image);
  const scopes = 'scope=repository:library/one:pull&scope=repository:library/two:pull,push';
  const reply = await client.fetch(`${hub.tokenUrl}/token?service=registry.docker.io&${scopes}`);
  const { token } = reply.json() as { token: string };
  const statusOf = async (name: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await client.fetch(`${hub.registryUrl}${manifestPath(name, image)}`, { headers }))
      .status;
  };
  assert.equal(await statusOf('library/one'), 200);
  assert.equal(await statusOf('library/two'), 200);
  assert.equal(await statusOf('library/three'), 401);
});

test('a token is refused as invalid once its time has passed', async (t) => {
  const clock = manualClock();
  const hub = await startHub(t, { clock });
  const client = plainClient(hub);
  hub.addImage('library/alpine', image);
  const { token } = (await client.token('library/alpine')).json() as { token: string };
  const url = `${hub.registryUrl}${manifestPath('library/alpine', image)}`;
  const headers = { authorization: `Bearer ${token}` };
  clock.advance(299_999);
  assert.equal((await client.fetch(url, { headers })).status, 200);
  clock.advance(1);
  const late = await client.fetch(url, { headers });
  assert.equal(late.status, 401);
  assert.match(late.headers['www-authenticate'] ?? '', /,error="invalid_token"$/);
});

test('a revoked token is refused as invalid', async (t) => {
  const hub = await startHub(t);
  const client = plainClient(hub);
  hub.addImage('library/alpine', image);
  const { token } = (await client.token('library/alpine')).json() as { token: string };
  hub.revokeTokens();
  const reply = await client.fetch(`${hub.registryUrl}${manifestPath('library/alpine', image)}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  assert.equal(reply.status, 401);
  assert.match(reply.headers['www-authenticate'] ?? '', /,error="invalid_token"$/);
});

test('an account can be given a second secret and lose the first, with the tokens got by it alone', async (t) => {
  const hub = await startHub(t);
  const client = plainClient(hub);
  hub.addImage('library/alpine', image);
  const renewed = { ...paidAccount, password: markedSecret('renewed') };
  hub.addSecret(paidAccount.username, renewed.password);
  const path = manifestPath('library/alpine', image);
  const statuses = async (): Promise<number[]> => {
    const replies = [paidAccount, renewed].map((account) =>
      client.token('library/alpine', account),
    );
    return (await Promise.all(replies)).map(({ status }) => status);
  };
  const pullWith = async (token: string): Promise<number> => {
    const headers = { authorization: `Bearer ${token}` };
    return (await client.fetch(`${hub.registryUrl}${path}`, { headers })).status;
  };
  const tokenOf = async (account: typeof paidAccount): Promise<string> => {
    const reply = await client.token('library/alpine', account);
    return (reply.json() as { token: string }).token;
  };
  const [oldToken, newToken] = [await tokenOf(paidAccount), await tokenOf(renewed)];
  assert.deepEqual(await statuses(), [200, 200]);
  hub.revokeSecret(paidAccount.username, paidAccount.password);
  assert.deepEqual(await statuses(), [401, 200]);
  assert.equal(await pullWith(oldToken), 200);
  hub.revokeTokens(paidAccount.password);
  assert.deepEqual([await pullWith(oldToken), await pullWith(newToken)], [401, 200]);
});

test('a registry with Basic takes the credentials themselves and names a missing repository as such', async (t) => {
  const hub = await startHub(t, { auth: 'basic' });
  const client = plainClient(hub);
  hub.addImage('team/app', image);
  const url = `${hub.registryUrl}${manifestPath('team/app', image)}`;
  const stranger = await client.fetch(url);
  assert.equal(stranger.status, 401);
  assert.equal(stranger.headers['www-authenticate'], 'Basic realm="Registry Realm"');
  const headers = { authorization: basic(paidAccount) };
  assert.equal((await client.fetch(url, { headers })).status, 200);
  const missing = await client.fetch(`${hub.registryUrl}/v2/team/none/tags/list`, { headers });
  assert.equal(missing.status, 404);
  assert.match(missing.text, /NAME_UNKNOWN/);
  assert.equal(hub.count({ operation: 'token' }), 0);
});

test('a registry without authentication asks nobody who they are', async (t) => {
  const hub = await startHub(t, { auth: 'none' });
  const client = plainClient(hub);
  hub.addImage('team/app', image);
  assert.equal((await client.fetch(`${hub.registryUrl}/v2/`)).status, 200);
  const url = `${hub.registryUrl}${manifestPath('team/app', image)}`;
  assert.equal((await client.fetch(url)).status, 200);
});

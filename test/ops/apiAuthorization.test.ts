import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { authorize } from '../../src/ops/apiAuthorization.ts';
import { ApiRefusal } from '../../src/ops/apiError.ts';
import { ApiToken } from '../../src/ops/apiToken.ts';
import { exchangeRaw } from '../support/rawSocket.ts';
import { markedSecret } from '../support/secretMark.ts';
import { startApi } from './apiServer.ts';
import { scriptedUpkeep } from './scriptedUpkeep.ts';

const secret = markedSecret('ops');
const token = new ApiToken(secret);

type Verdict = 'allowed' | 'unauthorized' | 'forbidden';

function verdictOn(
  address: string | undefined,
  headers: Readonly<Record<string, string>>,
  of: ApiToken | undefined,
  httpVersion = '1.1',
): Verdict {
  try {
    authorize({ address, headers: { host: '127.0.0.1:5001', ...headers }, httpVersion }, of);
    return 'allowed';
  } catch (error) {
    assert.ok(error instanceof ApiRefusal);
    assert.ok(!error.message.includes(secret));
    return error.code;
  }
}

const shown = {
  'the token': { authorization: `Bearer ${secret}` },
  'another token': { authorization: `Bearer ${secret}x` },
  'its beginning': { authorization: `Bearer ${secret.slice(0, -1)}` },
  'another scheme': { authorization: `Basic ${secret}` },
  nothing: {},
} as const;
const places = { 'this machine': '127.0.0.1', elsewhere: '192.0.2.7' } as const;
const page = { origin: 'http://evil.test' } as const;

describe('what the API has, where a token is set,', () => {
  for (const [place, address] of Object.entries(places)) {
    for (const [what, headers] of Object.entries(shown)) {
      const expected = what === 'the token' ? 'allowed' : 'unauthorized';
      test(`is ${expected} to who shows ${what} from ${place}, from a web page or not`, () => {
        assert.equal(verdictOn(address, headers, token), expected);
        assert.equal(verdictOn(address, { ...headers, ...page }, token), expected);
      });
    }
  }
});

describe('what the API has, where no token is set,', () => {
  for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
    test(`is allowed to ${address}`, () => {
      assert.equal(verdictOn(address, {}, undefined), 'allowed');
    });
  }

  for (const address of ['192.0.2.7', '10.0.0.1', '::', '::2', '::ffff:10.0.0.1', 'x', undefined]) {
    test(`is forbidden to ${address}, whatever token it shows`, () => {
      assert.equal(verdictOn(address, {}, undefined), 'forbidden');
      assert.equal(verdictOn(address, shown['the token'], undefined), 'forbidden');
    });
  }

  for (const header of [
    'origin',
    'sec-fetch-site',
    'forwarded',
    'x-forwarded-for',
    'x-real-ip',
    'via',
  ]) {
    test(`is forbidden on this machine with ${header}, for it is asked on behalf of another`, () => {
      assert.equal(verdictOn('127.0.0.1', { [header]: '' }, undefined), 'forbidden');
    });
  }

  for (const [host, expected] of [
    ['localhost:5001', 'allowed'],
    ['localhost:', 'allowed'],
    ['LOCALHOST', 'allowed'],
    ['[::1]:5001', 'allowed'],
    ['192.0.2.1', 'allowed'],
    ['evil.test:5001', 'forbidden'],
    ['127.0.0.1.evil.test', 'forbidden'],
    ['127.0.0.1:5001@evil.test', 'forbidden'],
    ['evil.test@localhost', 'forbidden'],
    ['localhost/evil.test', 'forbidden'],
    ['localhost/evil.test:5001', 'forbidden'],
    ['localhost?evil.test', 'forbidden'],
    ['localhost#evil.test', 'forbidden'],
    ['localhost\\evil.test', 'forbidden'],
    ['[::1]evil.test', 'forbidden'],
    ['[127.0.0.1]', 'forbidden'],
    ['127.1', 'forbidden'],
    ['', 'forbidden'],
  ] as const) {
    test(`is ${expected} on this machine when it is addressed as "${host}"`, () => {
      assert.equal(verdictOn('127.0.0.1', { host }, undefined), expected);
    });
  }
});

describe('what is asked for in HTTP/1.0, as by a proxy that says nothing of itself', () => {
  test('is forbidden where no token is set', () => {
    assert.equal(verdictOn('127.0.0.1', {}, undefined, '1.0'), 'forbidden');
  });

  test('is allowed to who shows the token', () => {
    assert.equal(verdictOn('127.0.0.1', shown['the token'], token, '1.0'), 'allowed');
  });

  test('does not get to the upkeep', async (t) => {
    const { upkeep, calls } = scriptedUpkeep();
    const { url } = await startApi(t, { upkeep });
    const { bytes } = await exchangeRaw({
      port: Number(new URL(url).port),
      bytes:
        'GET /api/v1/export?image=a HTTP/1.0\r\nHost: 127.0.0.1:5001\r\nConnection: close\r\n\r\n',
    });
    assert.match(bytes.toString(), /^HTTP\/1\.1 403 [^]*takes HTTP\/1\.1/);
    assert.deepEqual(calls, []);
  });
});

const json = { 'content-type': 'application/json' };
const routes = [
  ['GET', 'store', {}, undefined],
  ['GET', 'images', {}, undefined],
  ['GET', 'image?name=alpine', {}, undefined],
  ['GET', 'usage', {}, undefined],
  ['POST', 'purge', json, '{"images":["alpine"]}'],
  ['POST', 'gc', json, '{}'],
  ['POST', 'verify', json, '{}'],
  ['POST', 'warm', json, '{"images":["alpine"]}'],
  ['GET', 'export?image=alpine', {}, undefined],
  ['POST', 'import', { 'content-type': 'application/x-tar' }, 'archive'],
] as const;

for (const [method, path, headers, body] of routes) {
  const name = `${method} ${path}`;
  // Which store it is the mirror itself knows.
  const worked = path === 'store' ? 0 : 1;

  test(`${name} needs the token where one is set`, async (t) => {
    const { upkeep, calls } = scriptedUpkeep();
    const { api } = await startApi(t, { upkeep, token: secret });
    for (const wrong of [{}, { authorization: `Bearer ${markedSecret('other')}` }]) {
      const init = { method, headers: { ...headers, ...wrong }, body: body ?? null };
      const answer = await fetch(api + path, init);
      assert.equal(answer.status, 401);
      assert.equal(answer.headers.get('www-authenticate'), 'Bearer realm="pullthrough"');
      const { error } = (await answer.json()) as { error: { code: string; message: string } };
      assert.equal(error.code, 'unauthorized');
    }
    assert.deepEqual(calls, []);
    const right = { ...headers, ...shown['the token'] };
    const answer = await fetch(api + path, { method, headers: right, body: body ?? null });
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    assert.equal(calls.length, worked);
  });

  test(`${name} is for programs on this machine where no token is set`, async (t) => {
    const { upkeep, calls } = scriptedUpkeep();
    const { api } = await startApi(t, { upkeep });
    const ofPage = { ...headers, origin: 'http://127.0.0.1:5001' };
    const refused = await fetch(api + path, { method, headers: ofPage, body: body ?? null });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers.get('www-authenticate'), null);
    const { error } = (await refused.json()) as { error: { code: string; message: string } };
    assert.equal(error.code, 'forbidden');
    assert.match(error.message, /set ops\.token/);
    assert.deepEqual(calls, []);
    const answer = await fetch(api + path, { method, headers, body: body ?? null });
    assert.equal(answer.status, 200);
    await answer.arrayBuffer();
    assert.equal(calls.length, worked);
  });
}

const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

test('who comes over another address of the machine may neither read nor change', async (t) => {
  if (outside === undefined) return t.skip('this machine has no address but its own');
  const { upkeep, calls } = scriptedUpkeep();
  const { url } = await startApi(t, { upkeep, host: '0.0.0.0' });
  const api = `http://${outside}:${new URL(url).port}/api/v1/`;
  for (const path of ['store', 'images', 'image?name=alpine', 'usage']) {
    assert.equal((await fetch(api + path)).status, 403, path);
  }
  const refused = await fetch(`${api}gc`, { method: 'POST', headers: json, body: '{}' });
  assert.equal(refused.status, 403);
  assert.deepEqual(calls, []);
});

test('who may not ask is not told which routes there are', async (t) => {
  const { upkeep } = scriptedUpkeep();
  const { api } = await startApi(t, { upkeep, token: secret });
  assert.equal((await fetch(`${api}nothing`)).status, 401);
});

test('what scrapers and probers ask for is open to all, token or not, wrong or not', async (t) => {
  const { upkeep } = scriptedUpkeep();
  const { url } = await startApi(t, { upkeep, token: secret });
  const wrong = { authorization: `Bearer ${markedSecret('other')}`, ...page };
  for (const path of ['metrics', 'healthz', 'readyz']) {
    for (const headers of [{}, wrong]) {
      const answer = await fetch(`${url}/${path}`, { headers });
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
      await answer.text();
    }
  }
});

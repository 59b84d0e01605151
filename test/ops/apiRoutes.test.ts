import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UpkeepError, type UpkeepFailure } from '../../src/upkeep/upkeepError.ts';
import { startApi } from './apiServer.ts';
import { anyImage, items, scriptedUpkeep } from './scriptedUpkeep.ts';

interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string };
}

async function errorOf(answer: Response): Promise<ErrorAnswer['error']> {
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return ((await answer.json()) as ErrorAnswer).error;
}

function post(body: unknown, type = 'application/json'): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method: 'POST', headers: { 'content-type': type }, body: text };
}

function failing(error: Error): () => Promise<never> {
  return async () => {
    throw error;
  };
}

describe('what is asked', () => {
  for (const [path, init, call] of [
    ['images', {}, ['images', undefined]],
    ['images?pattern=acme%2F**', {}, ['images', 'acme/**']],
    ['image?name=alpine%3A3.20', {}, ['image', 'alpine:3.20']],
    ['usage', {}, ['usage']],
    ['purge', post({ images: ['a', 'b'] }), ['purge', ['a', 'b'], false]],
    ['purge', post({ images: ['a'], dryRun: true }), ['purge', ['a'], true]],
    ['purge', post({ images: ['a', 'b', 'a'] }), ['purge', ['a', 'b'], false]],
    ['gc', post({}), ['collect', false]],
    ['gc', post('{"dryRun":true}', 'application/json; charset=utf-8'), ['collect', true]],
    ['verify', post({}), ['verify', { restart: false }]],
    ['verify', post({ rate: 1e6, restart: true }), ['verify', { rate: 1e6, restart: true }]],
    ['warm', post({ images: ['a'] }), ['warm', { images: ['a'], platforms: [] }]],
    [
      'warm',
      post({ images: ['a'], platforms: ['linux/arm64'] }),
      ['warm', { images: ['a'], platforms: ['linux/arm64'] }],
    ],
    ['warm', post({ images: Array(1001).fill('a') }), ['warm', { images: ['a'], platforms: [] }]],
    ['export?image=a', {}, ['export', { images: ['a'], platforms: [] }]],
    [
      'export?image=a&image=b&platform=linux%2Famd64&platform=linux%2Farm64',
      {},
      ['export', { images: ['a', 'b'], platforms: ['linux/amd64', 'linux/arm64'] }],
    ],
    ['import', post('x', 'application/x-tar'), ['import', undefined]],
    ['import?name=acme%2Fapp', post('x', 'application/octet-stream'), ['import', 'acme/app']],
  ] as const) {
    test(`gets to the upkeep: ${path} ${JSON.stringify(call)}`, async (t) => {
      const { upkeep, calls } = scriptedUpkeep();
      const { api } = await startApi(t, { upkeep });
      const answer = await fetch(api + path, init);
      assert.equal(answer.status, 200);
      await answer.arrayBuffer();
      assert.deepEqual(calls, [call]);
    });
  }
});

const tooMany = Array.from({ length: 1001 }, (_, index) => `acme/app${index}`);

describe('what makes no sense', () => {
  for (const [path, init, status, message] of [
    ['images?patern=x', {}, 400, /^query: unknown member "patern"; known: pattern$/],
    ['images?pattern=a&pattern=b', {}, 400, /^query\.pattern: .*expected string/],
    ['image', {}, 400, /^query\.name: .*expected string/],
    ['usage?x=1', {}, 400, /^query: unknown member "x"; known: none$/],
    ['export', {}, 400, /^query\.image: .*expected array/],
    ['export?image=', {}, 400, /^query\.image\.0: /],
    ['purge', post({}), 400, /^body\.images: .*expected array/],
    ['purge', post({ images: [] }), 400, /^body\.images: expected array to have >=1/],
    [
      'purge',
      post({ images: 'alpine', dry: 1 }),
      400,
      /^body\.images: .*expected array.*; body: unknown member "dry"; known: images, dryRun$/,
    ],
    ['purge', post({ images: tooMany }), 400, /^body\.images: expected at most 1000 names/],
    ['warm', post({ images: tooMany }), 400, /^body\.images: expected at most 1000 names/],
    ['gc', post({ dryRun: 'yes' }), 400, /^body\.dryRun: .*expected boolean/],
    ['gc', post('[]'), 400, /^body: expected an object such as {"dryRun":true}$/],
    ['gc', post('{'), 400, /^the body is no JSON: /],
    ['gc', post(''), 400, /^the body is no JSON: /],
    ['gc', { method: 'POST' }, 400, /^body: expected an object such as {/],
    ['gc', post('{}', 'text/plain'), 415, /Content-Type: application\/json$/],
    ['gc', post('{}', 'application/x-www-form-urlencoded'), 415, /Content-Type/],
    ['verify', post({ rate: 0 }), 400, /^body\.rate: .*>0/],
    ['verify', post({ rate: '1' }), 400, /^body\.rate: .*expected number/],
    ['warm', post({ images: ['a'], platforms: 'all' }), 400, /^body\.platforms: .*expected array/],
    ['gc', post(`{"dryRun":${' '.repeat(1024 * 1024)}true}`), 413, /too large/],
    [
      'import?names=x',
      post('x', 'application/x-tar'),
      400,
      /^query: unknown member "names"; known: name$/,
    ],
  ] as const) {
    test(`is refused with ${status}: ${path} ${message.source}`, async (t) => {
      const { upkeep, calls } = scriptedUpkeep();
      const { api } = await startApi(t, { upkeep });
      const answer = await fetch(api + path, init);
      assert.equal(answer.status, status);
      const { code, message: text } = await errorOf(answer);
      assert.equal(code, 'invalid');
      assert.match(text, message);
      assert.deepEqual(calls, []);
    });
  }

  for (const [method, path] of [
    ['GET', ''],
    ['GET', 'imagess'],
    ['GET', 'purge'],
    ['POST', 'images'],
    ['HEAD', 'images'],
    ['DELETE', 'image?name=alpine'],
    ['OPTIONS', 'purge'],
  ] as const) {
    test(`is a 404 in JSON: ${method} /api/v1/${path}`, async (t) => {
      const { upkeep, calls } = scriptedUpkeep();
      const { api } = await startApi(t, { upkeep });
      const answer = await fetch(api + path, { method });
      assert.equal(answer.status, 404);
      if (method !== 'HEAD') assert.equal((await errorOf(answer)).code, 'not_found');
      assert.deepEqual(calls, []);
    });
  }
});

describe('what can’t be done', () => {
  const statuses: Readonly<Record<UpkeepFailure, number>> = {
    invalid: 400,
    not_found: 404,
    incomplete: 409,
    busy: 409,
    failed: 503,
  };
  for (const [failure, status] of Object.entries(statuses) as [UpkeepFailure, number][]) {
    test(`is a ${status} with the code ${failure}, on whatever route`, async (t) => {
      const fail = failing(new UpkeepError(failure, 'do something else'));
      const failAtOnce = { [Symbol.asyncIterator]: () => ({ next: fail }) };
      const { upkeep } = scriptedUpkeep({
        images: () => failAtOnce,
        image: fail,
        usage: fail,
        purge: fail,
        collect: fail,
        verify: () => failAtOnce,
        warm: () => failAtOnce,
        export: () => failAtOnce,
        import: fail,
      });
      const { api } = await startApi(t, { upkeep });
      for (const [path, init] of [
        ['images', {}],
        ['images', { headers: { accept: 'application/x-ndjson' } }],
        ['image?name=a', {}],
        ['usage', {}],
        ['purge', post({ images: ['a'] })],
        ['gc', post({})],
        ['verify', post({})],
        ['warm', post({ images: ['a'] })],
        ['export?image=a', {}],
        ['import', post('x', 'application/x-tar')],
      ] as const) {
        const answer = await fetch(api + path, init);
        assert.equal(answer.status, status, path);
        assert.deepEqual(await errorOf(answer), { code: failure, message: 'do something else' });
      }
    });
  }

  test('is a 500 that says nothing of itself when nobody foresaw it, and is logged', async (t) => {
    const { upkeep } = scriptedUpkeep({ usage: failing(new TypeError('x is not a function')) });
    const { api, logged } = await startApi(t, { upkeep });
    const answer = await fetch(`${api}usage`);
    assert.equal(answer.status, 500);
    const { code, message } = await errorOf(answer);
    assert.deepEqual([code, message], ['failed', 'the mirror failed at it; its log says why']);
    assert.match(logged.join(''), /x is not a function/);
  });
});

test('the store says which one it is', async (t) => {
  const { upkeep } = scriptedUpkeep();
  const { api } = await startApi(t, { upkeep });
  const answer = await fetch(`${api}store`);
  assert.deepEqual(await answer.json(), {
    version: '1.2.3',
    directory: '/data',
    identity: '1:2',
  });
});

test('images are one object, an image a line, however many there are', async (t) => {
  for (const count of [0, 1, 2, 2000]) {
    const images = Array.from({ length: count }, () => anyImage);
    const { upkeep } = scriptedUpkeep({ images: () => items(images) });
    const { api } = await startApi(t, { upkeep });
    const answer = await fetch(`${api}images`);
    assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
    const text = await answer.text();
    assert.deepEqual(JSON.parse(text), { images });
    assert.equal(text.split('\n').length, count === 0 ? 2 : count + 3);
  }
});

test('an export is the archive', async (t) => {
  const { upkeep } = scriptedUpkeep({
    export: () => items([Buffer.from('one'), Buffer.from('two')]),
  });
  const { api } = await startApi(t, { upkeep });
  const answer = await fetch(`${api}export?image=a`);
  assert.equal(answer.headers.get('content-type'), 'application/x-tar');
  assert.equal(await answer.text(), 'onetwo');
});

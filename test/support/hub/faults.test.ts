import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { buildImage } from '../images.ts';
import { plainClient } from './plainClient.ts';
import { startHub } from './scriptedHub.ts';

async function openHub(t: TestContext) {
  const hub = await startHub(t, { auth: 'none' });
  hub.addImage('library/alpine', buildImage(), { tags: ['1', '2'] });
  const { fetch } = plainClient(hub);
  const status = async (path: string) => (await fetch(`${hub.registryUrl}${path}`)).status;
  return {
    hub,
    manifest: (tag: string) => status(`/v2/library/alpine/manifests/${tag}`),
    tags: () => status('/v2/library/alpine/tags/list'),
  };
}

test('a fault stays until it is cleared', async (t) => {
  const { hub, tags } = await openHub(t);
  const fault = hub.fault({ at: 'tags', status: 503 });
  assert.deepEqual([await tags(), await tags()], [503, 503]);
  assert.equal(fault.hits, 2);
  fault.clear();
  assert.equal(await tags(), 200);
});

test('a fault with a number of times is over after them', async (t) => {
  const { hub, tags } = await openHub(t);
  hub.fault({ at: 'tags', status: 503, times: 2 });
  assert.deepEqual([await tags(), await tags(), await tags()], [503, 503, 200]);
});

test('faults that let requests pass make a script', async (t) => {
  const { hub, tags } = await openHub(t);
  hub.fault({ at: 'tags', status: 500, times: 1 });
  hub.fault({ at: 'tags', status: 503, times: 1, after: 2 });
  assert.deepEqual([await tags(), await tags(), await tags(), await tags()], [500, 200, 503, 200]);
});

test('a fault meets the requests of its stages that it is meant for', async (t) => {
  const { hub, manifest, tags } = await openHub(t);
  hub.fault({
    at: ['manifest_get', 'tags'],
    status: 503,
    when: ({ reference }) => reference === '2',
  });
  assert.deepEqual([await manifest('1'), await manifest('2'), await tags()], [200, 503, 200]);
  hub.clearFaults();
  hub.fault({ at: 'manifest_get', status: 500 });
  assert.deepEqual([await manifest('1'), await tags()], [500, 200]);
});

test('several faults apply to one request', async (t) => {
  const { hub } = await openHub(t);
  hub.fault({ at: 'ping', headers: { 'x-first': 'yes' } });
  hub.fault({ at: 'ping', status: 500 });
  const reply = await plainClient(hub).fetch(`${hub.registryUrl}/v2/`);
  assert.equal(reply.status, 500);
  assert.equal(reply.headers['x-first'], 'yes');
});

test('all faults can be cleared at once, and what they hold goes on', async (t) => {
  const { hub, tags } = await openHub(t);
  hub.fault({ at: 'tags', delayHeaders: 'hold' });
  const held = tags();
  await hub.waitFor({ operation: 'tags' });
  hub.clearFaults();
  assert.equal(await held, 200);
});

test('a failure that was ordered costs no pull', async (t) => {
  const { hub, manifest } = await openHub(t);
  hub.setRemaining('anonymous', 1);
  hub.fault({ at: 'manifest_get', status: 500, times: 1 });
  assert.deepEqual(
    [await manifest('1'), await manifest('1'), await manifest('1')],
    [500, 200, 429],
  );
});

import assert from 'node:assert/strict';
import { on, once } from 'node:events';
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import type { Upkeep } from '../../src/upkeep/upkeep.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { startApi, type ApiServerOptions } from './apiServer.ts';
import { scriptedUpkeep } from './scriptedUpkeep.ts';

const collect: RequestInit = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
};

/** An API whose usage and gc take until they may go on. */
async function startHeldApi(t: Lifetime, options: Partial<ApiServerOptions> = {}) {
  const { upkeep, calls } = scriptedUpkeep();
  const usages = Promise.withResolvers<void>();
  const collections = Promise.withResolvers<void>();
  const atWork = { now: 0, most: 0 };
  const held: Upkeep = {
    ...upkeep,
    usage: async () => {
      const usage = upkeep.usage();
      atWork.now += 1;
      atWork.most = Math.max(atWork.most, atWork.now);
      await usages.promise;
      atWork.now -= 1;
      return usage;
    },
    collect: async (dryRun) => {
      const collection = upkeep.collect(dryRun);
      await collections.promise;
      return collection;
    },
  };
  const server = await startApi(t, { upkeep: held, ...options });
  return { ...server, calls, atWork, usages, collections };
}

async function codeOf(answer: Response): Promise<string> {
  return ((await answer.json()) as { error: { code: string } }).error.code;
}

async function statusOf(answer: Response): Promise<number> {
  await answer.arrayBuffer();
  return answer.status;
}

test('four reads are done at once, sixteen wait for their turn, others are refused as busy', async (t) => {
  const { api, atWork, usages } = await startHeldApi(t, { readPatience: 3_600_000 });
  const answers = Array.from({ length: 21 }, () => fetch(`${api}usage`));
  const first = await Promise.race(answers);
  assert.equal(first.status, 409);
  assert.equal(await codeOf(first), 'busy');
  assert.equal(atWork.now, 4);
  usages.resolve();
  const others = (await Promise.all(answers)).filter((answer) => answer !== first);
  assert.deepEqual(await Promise.all(others.map(statusOf)), Array(20).fill(200));
  assert.equal(atWork.most, 4);
  assert.equal((await fetch(`${api}usage`)).status, 200);
});

test('a read that has waited for its time is refused as busy', async (t) => {
  const { api, usages } = await startHeldApi(t, { readPatience: 5 });
  const answers = Array.from({ length: 5 }, () => fetch(`${api}usage`));
  const first = await Promise.race(answers);
  assert.equal(first.status, 409);
  assert.equal(await codeOf(first), 'busy');
  usages.resolve();
  const others = (await Promise.all(answers)).filter((answer) => answer !== first);
  assert.deepEqual(await Promise.all(others.map(statusOf)), Array(4).fill(200));
});

test('a read may wait longer than a request may take to come in', async (t) => {
  const { api, usages } = await startHeldApi(t, { requestTimeout: 50 });
  const answers = Array.from({ length: 5 }, () => fetch(`${api}usage`));
  await Promise.race([delay(250), ...answers]);
  usages.resolve();
  assert.deepEqual(
    await Promise.all((await Promise.all(answers)).map(statusOf)),
    Array(5).fill(200),
  );
});

test('who stops waiting for a read is in nobody’s way', async (t) => {
  const { api, app, calls, usages } = await startHeldApi(t, { readPatience: 3_600_000 });
  const answers = Array.from({ length: 4 }, () => fetch(`${api}usage`));
  while (calls.length < 4) await turn();
  const closed = Promise.withResolvers<void>();
  const leaving = new AbortController();
  app.server.once('request', ({ socket }) => {
    socket.once('close', closed.resolve);
    leaving.abort();
  });
  await assert.rejects(fetch(`${api}usage`, { signal: leaving.signal }), { name: 'AbortError' });
  await closed.promise;
  usages.resolve();
  assert.deepEqual(
    await Promise.all((await Promise.all(answers)).map(statusOf)),
    Array(4).fill(200),
  );
  assert.equal(calls.length, 4);
});

test('readers, however many, keep nobody from a change, nor from what the store is', async (t) => {
  const { api, app, usages, collections } = await startHeldApi(t, { readPatience: 3_600_000 });
  const requests = on(app.server, 'request');
  const answers = Array.from({ length: 32 }, () => fetch(`${api}usage`));
  for (let asked = 0; asked < 32; asked += 1) await requests.next();
  collections.resolve();
  assert.equal(await statusOf(await fetch(`${api}gc`, collect)), 200);
  assert.equal(await statusOf(await fetch(`${api}store`)), 200);
  usages.resolve();
  await Promise.all((await Promise.all(answers)).map(statusOf));
});

test('sixteen changes are made at once, others are refused as busy', async (t) => {
  const { api, calls, collections } = await startHeldApi(t);
  const answers = Array.from({ length: 17 }, () => fetch(`${api}gc`, collect));
  const first = await Promise.race(answers);
  assert.equal(first.status, 409);
  assert.equal(await codeOf(first), 'busy');
  assert.equal(calls.length, 16);
  collections.resolve();
  const others = (await Promise.all(answers)).filter((answer) => answer !== first);
  assert.deepEqual(await Promise.all(others.map(statusOf)), Array(16).fill(200));
  assert.equal(await statusOf(await fetch(`${api}gc`, collect)), 200);
});

test('the server’s close waits for a change whose caller is gone', async (t) => {
  const { url, app, calls, collections } = await startHeldApi(t);
  const connection = await openRawConnection(Number(new URL(url).port));
  connection.send(
    'POST /api/v1/gc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
  );
  while (calls.length === 0) await turn();
  connection.destroy();
  const stopped = once(app.server, 'close');
  const order: string[] = [];
  const closing = app.close().then(() => order.push('closed'));
  await stopped;
  for (let turns = 0; turns < 10; turns += 1) await turn();
  order.push('collected');
  collections.resolve();
  await closing;
  assert.deepEqual(order, ['collected', 'closed']);
});

test('a stop lets go of those who wait for a read', async (t) => {
  const { api, app, calls, usages } = await startHeldApi(t, { readPatience: 3_600_000 });
  const answers = Array.from({ length: 4 }, () => fetch(`${api}usage`));
  while (calls.length < 4) await turn();
  const asked = once(app.server, 'request');
  const waiting = fetch(`${api}usage`);
  await asked;
  await turn();
  const closing = app.close();
  assert.equal((await waiting).status, 503);
  usages.resolve();
  await Promise.all((await Promise.all(answers)).map(statusOf));
  app.server.closeIdleConnections();
  await closing;
});

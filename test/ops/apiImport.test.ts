import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import { UpkeepError } from '../../src/upkeep/upkeepError.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { markedSecret } from '../support/secretMark.ts';
import { startApi } from './apiServer.ts';
import { scriptedUpkeep } from './scriptedUpkeep.ts';

const tar = { 'content-type': 'application/x-tar' };
const short = 120;

test('an import may take longer to come in than any other request, as long as it moves', async (t) => {
  const { upkeep } = scriptedUpkeep();
  const { api } = await startApi(t, { upkeep, requestTimeout: short });
  const upload = request(`${api}import`, { method: 'POST', headers: tar });
  const answered = once(upload, 'response');
  for (let piece = 0; piece < 4; piece += 1) {
    upload.write('piece');
    await delay(2 * short);
  }
  upload.end();
  const [answer] = await answered;
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(JSON.parse(await text(answer)), { images: [], blobs: 0, bytes: 20 });
});

for (const [path, init] of [
  ['usage', {}],
  ['gc', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }],
  ['images', {}],
] as const) {
  test(`an answer may take longer to come than a request: ${path}`, async (t) => {
    const { upkeep } = scriptedUpkeep();
    const late = () => delay(4 * short);
    const { api } = await startApi(t, {
      requestTimeout: short,
      upkeep: {
        ...upkeep,
        usage: () => late().then(() => upkeep.usage()),
        collect: (dryRun) => late().then(() => upkeep.collect(dryRun)),
        images: async function* () {
          await late();
          yield* upkeep.images(undefined);
        },
      },
    });
    assert.equal((await fetch(api + path, init)).status, 200);
  });
}

for (const [what, head] of [
  ['a change', 'POST /api/v1/gc HTTP/1.1\r\nContent-Type: application/json\r\n'],
  ['an import that is not allowed', 'POST /api/v1/import HTTP/1.1\r\nVia: x\r\n'],
  ['a request with a body that nobody wants', 'GET /healthz HTTP/1.1\r\n'],
  ['a request for what there is not', 'POST /nothing HTTP/1.1\r\n'],
] as const) {
  test(`${what} is given up when it does not come in whole in time`, async (t) => {
    const { upkeep, calls } = scriptedUpkeep();
    const { url } = await startApi(t, { upkeep, requestTimeout: short });
    const connection = await openRawConnection(Number(new URL(url).port));
    t.after(() => connection.destroy());
    connection.send(`${head}Host: localhost\r\nContent-Length: 10\r\n\r\n{`);
    await connection.ended;
    assert.match(connection.received().toString(), /HTTP\/1\.1 408 /);
    assert.deepEqual(calls, []);
  });
}

test('a long import that is refused hears why, and is not read for ever', async (t) => {
  const { upkeep, calls } = scriptedUpkeep();
  const { url } = await startApi(t, {
    upkeep,
    token: markedSecret('ops'),
    requestTimeout: 4 * short,
  });
  const connection = await openRawConnection(Number(new URL(url).port));
  t.after(() => connection.destroy());
  connection.send('POST /api/v1/import HTTP/1.1\r\nHost: localhost\r\n');
  connection.send('Content-Type: application/x-tar\r\nContent-Length: 10000000000\r\n\r\n');
  const sending = setInterval(() => connection.send(Buffer.alloc(1000)), 1);
  t.after(() => clearInterval(sending));
  await connection.until('"code":"unauthorized"');
  await connection.ended;
  assert.deepEqual(calls, []);
});

test('an archive that is none is said to be so while it is still being sent', async (t) => {
  const { upkeep } = scriptedUpkeep({
    import: async (archive) => {
      for await (const _ of archive) throw new UpkeepError('invalid', 'this is no archive');
      throw new Error('unreachable');
    },
  });
  const { url } = await startApi(t, { upkeep, requestTimeout: short });
  const connection = await openRawConnection(Number(new URL(url).port));
  t.after(() => connection.destroy());
  connection.send('POST /api/v1/import HTTP/1.1\r\nHost: localhost\r\n');
  connection.send('Content-Length: 10000000000\r\n\r\n');
  const sending = setInterval(() => connection.send(Buffer.alloc(1000)), 1);
  t.after(() => clearInterval(sending));
  const answer = await connection.until('this is no archive');
  assert.match(answer.toString(), /^HTTP\/1\.1 400 /);
  await connection.ended;
});

for (const [what, dripping] of [
  ['drips', true],
  ['says nothing any more', false],
] as const) {
  test(`a stop ends an import whose client ${what}, and tells it why`, async (t) => {
    const begun = Promise.withResolvers<void>();
    const { upkeep } = scriptedUpkeep({
      import: async (archive) => {
        for await (const _ of archive) begun.resolve();
        throw new Error('unreachable');
      },
    });
    const { url, app } = await startApi(t, { upkeep, requestTimeout: short });
    const connection = await openRawConnection(Number(new URL(url).port));
    t.after(() => connection.destroy());
    connection.send('POST /api/v1/import HTTP/1.1\r\nHost: localhost\r\n');
    connection.send('Content-Length: 10000000000\r\n\r\nx');
    await begun.promise;
    const sending = setInterval(() => dripping && connection.send('x'), 1);
    t.after(() => clearInterval(sending));
    await app.close();
    await connection.ended;
    assert.match(connection.received().toString(), /^HTTP\/1\.1 503 [^]*"the mirror is stopping"/);
  });
}

test('an import whose client goes away fails', async (t) => {
  const failed = Promise.withResolvers<unknown>();
  const begun = Promise.withResolvers<void>();
  const { upkeep } = scriptedUpkeep({
    import: async (archive) => {
      try {
        for await (const _ of archive) begun.resolve();
        return { images: [], blobs: 0, bytes: 0 };
      } catch (error) {
        failed.resolve(error);
        throw error;
      }
    },
  });
  const { api } = await startApi(t, { upkeep });
  const upload = request(`${api}import`, { method: 'POST', headers: tar });
  upload.on('error', () => {});
  upload.write('piece');
  await begun.promise;
  upload.destroy();
  assert.ok((await failed.promise) instanceof Error);
});

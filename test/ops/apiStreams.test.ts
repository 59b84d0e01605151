import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import type { VerificationEvent } from '../../src/upkeep/verification/verification.ts';
import { UpkeepError } from '../../src/upkeep/upkeepError.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { startApi } from './apiServer.ts';
import { anyImage, items, scriptedUpkeep } from './scriptedUpkeep.ts';

const figures = { blobs: 1, totalBlobs: 2, bytes: 3, totalBytes: 4, damaged: 0, resumed: false };
const progress: VerificationEvent = { kind: 'progress', ...figures };
const done: VerificationEvent = { kind: 'done', ...figures, seconds: 1 };
const begin: RequestInit = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
};

/** Yields an event, then whatever the work says, and tells of its end. */
function eventsOf(work: () => AsyncIterable<VerificationEvent>) {
  const ended = Promise.withResolvers<void>();
  const verify = async function* (): AsyncGenerator<VerificationEvent> {
    try {
      yield progress;
      yield* work();
    } finally {
      ended.resolve();
    }
  };
  return { verify, ended: ended.promise };
}

/** Events that do not come, until nobody waits for them any more. */
function silence(): AsyncIterable<VerificationEvent> {
  const over = Promise.withResolvers<IteratorResult<VerificationEvent>>();
  const end = { done: true, value: undefined } as const;
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => over.promise,
      return: async () => {
        over.resolve(end);
        return end;
      },
    }),
  };
}

/** Ends, as the mirror's own work does, when it is told so while an event is asked for. */
function interruptible(events: readonly VerificationEvent[]) {
  const ended = Promise.withResolvers<void>();
  const rest = silence()[Symbol.asyncIterator]();
  let index = 0;
  const iterator: AsyncIterator<VerificationEvent> = {
    next: async () => {
      const value = events[index];
      index += 1;
      return value === undefined ? rest.next() : { done: false, value };
    },
    return: async () => {
      ended.resolve();
      return { done: true, value: undefined };
    },
  };
  return { verify: () => ({ [Symbol.asyncIterator]: () => iterator }), ended: ended.promise };
}

describe('a stream of events', () => {
  test('is a line of JSON for each', async (t) => {
    const { upkeep } = scriptedUpkeep({ verify: () => items([progress, done]) });
    const { api } = await startApi(t, { upkeep });
    const answer = await fetch(`${api}verify`, begin);
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
    const text = await answer.text();
    assert.equal(text, `${JSON.stringify(progress)}\n${JSON.stringify(done)}\n`);
  });

  test('sends each event when it happens', async (t) => {
    const { verify, ended } = interruptible([progress]);
    const { upkeep } = scriptedUpkeep({ verify });
    const { api } = await startApi(t, { upkeep });
    const { body } = await fetch(`${api}verify`, begin);
    const reader = body?.getReader();
    const first = await reader?.read();
    assert.equal(Buffer.from(first?.value ?? []).toString(), `${JSON.stringify(progress)}\n`);
    await reader?.cancel();
    await ended;
  });

  test('shows with empty lines that the work goes on', async (t) => {
    const { verify } = interruptible([]);
    const { upkeep } = scriptedUpkeep({ verify });
    const { api } = await startApi(t, { upkeep, beat: 5 });
    const { body } = await fetch(`${api}verify`, begin);
    const reader = body?.getReader();
    const first = await reader?.read();
    assert.match(Buffer.from(first?.value ?? []).toString(), /^\n+$/);
    await reader?.cancel();
  });

  test('ends with a line that says what went wrong in the middle', async (t) => {
    const { verify } = eventsOf(() => {
      throw new UpkeepError('failed', 'the store can’t be read');
    });
    const { upkeep } = scriptedUpkeep({ verify });
    const { api } = await startApi(t, { upkeep });
    const answer = await fetch(`${api}verify`, begin);
    assert.equal(answer.status, 200);
    const [, last] = (await answer.text()).trimEnd().split('\n');
    assert.deepEqual(JSON.parse(last ?? ''), {
      kind: 'error',
      code: 'failed',
      message: 'the store can’t be read',
    });
  });

  test('says nothing of an error that nobody foresaw, but the log does', async (t) => {
    const { verify } = eventsOf(() => {
      throw new TypeError('x is not a function');
    });
    const { upkeep } = scriptedUpkeep({ verify });
    const { api, logged } = await startApi(t, { upkeep });
    const text = await (await fetch(`${api}verify`, begin)).text();
    assert.doesNotMatch(text, /function/);
    assert.match(text, /"kind":"error","code":"failed"/);
    assert.match(logged.join(''), /x is not a function/);
  });

  test('ends the work when its client goes away, though no event comes', async (t) => {
    const { verify, ended } = interruptible([progress]);
    const { upkeep } = scriptedUpkeep({ verify });
    const { api } = await startApi(t, { upkeep });
    const leaving = new AbortController();
    const { body } = await fetch(`${api}verify`, { ...begin, signal: leaving.signal });
    await body?.getReader().read();
    leaving.abort();
    await ended;
  });

  test('ends the work when its client goes away before the first event', async (t) => {
    const { verify, ended } = interruptible([]);
    const { upkeep, calls } = scriptedUpkeep({ verify });
    const { url, app } = await startApi(t, { upkeep });
    const asked = once(app.server, 'request');
    const connection = await openRawConnection(Number(new URL(url).port));
    connection.send(
      'POST /api/v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    );
    await asked;
    while (calls.length === 0) await new Promise(setImmediate);
    connection.destroy();
    await ended;
  });

  test('ends with a line that says so when the mirror stops', async (t) => {
    const { verify, ended } = interruptible([progress]);
    const { upkeep } = scriptedUpkeep({ verify });
    const { api, app } = await startApi(t, { upkeep });
    const answer = await fetch(`${api}verify`, begin);
    const text = answer.text();
    await app.close();
    await ended;
    assert.match(await text, /"kind":"error","code":"failed","message":"the mirror is stopping"/);
  });
});

describe('images', () => {
  const lines = { headers: { accept: 'application/x-ndjson' } };

  test('are lines for whoever takes them', async (t) => {
    const { upkeep } = scriptedUpkeep({ images: () => items([anyImage, anyImage]) });
    const { api } = await startApi(t, { upkeep });
    const answer = await fetch(`${api}images`, lines);
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
    const line = `${JSON.stringify(anyImage)}\n`;
    assert.equal(await answer.text(), line + line);
  });

  for (const init of [{}, lines]) {
    const as = 'headers' in init ? 'in lines' : 'in an object';
    test(`let others have their turn while 20,000 go out ${as}`, async (t) => {
      let given = 0;
      const healthy = Promise.withResolvers<number>();
      const { upkeep } = scriptedUpkeep({
        images: async function* () {
          for (; given < 20_000; given += 1) {
            if (given === 1) void probe();
            yield anyImage;
          }
        },
      });
      const { api, url } = await startApi(t, { upkeep });
      const probe = async (): Promise<void> => {
        await fetch(`${url}/healthz`);
        healthy.resolve(given);
      };
      const answer = await fetch(`${api}images`, init);
      const text = await answer.text();
      assert.equal(text.split('"name"').length, 20_001);
      assert.ok((await healthy.promise) < 20_000);
    });
  }

  test('are cut off when they fail in the middle, so that nobody takes them for all', async (t) => {
    const { upkeep } = scriptedUpkeep({
      images: async function* () {
        for (let count = 0; count < 1000; count += 1) yield anyImage;
        throw new UpkeepError('failed', 'the store can’t be read');
      },
    });
    const { api } = await startApi(t, { upkeep });
    const answer = await fetch(`${api}images`);
    assert.equal(answer.status, 200);
    await assert.rejects(answer.text());
  });
});

const large = { ...anyImage, name: 'x'.repeat(65_536) };

for (const count of [Infinity, 400]) {
  test(`images are ended when their caller takes nothing of ${count} for a while`, async (t) => {
    const { upkeep } = scriptedUpkeep({
      images: async function* () {
        for (let given = 0; given < count; given += 1) yield large;
      },
    });
    const { url, app } = await startApi(t, { upkeep, readStall: 20 });
    const connection = await openRawConnection(Number(new URL(url).port));
    t.after(() => connection.destroy());
    const asked = once(app.server, 'request');
    connection.socket.pause();
    connection.send('GET /api/v1/images HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [, response] = await asked;
    await once(response, 'close');
    assert.equal(response.writableFinished, false);
  });
}

test('an image is ended when its caller takes nothing of it for a while', async (t) => {
  const manifest = { text: 'x'.repeat(30_000_000) };
  const { upkeep } = scriptedUpkeep();
  const detail = await upkeep.image('alpine');
  const { url, app } = await startApi(t, {
    upkeep: { ...upkeep, image: async () => Object.assign(detail, manifest) },
    readStall: 20,
  });
  const connection = await openRawConnection(Number(new URL(url).port));
  t.after(() => connection.destroy());
  const asked = once(app.server, 'request');
  connection.socket.pause();
  connection.send('GET /api/v1/image?name=alpine HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [, response] = await asked;
  await once(response, 'close');
  assert.equal(response.writableFinished, false);
});

test('an export that fails in the middle is cut off, and ends when its client goes away', async (t) => {
  const ended = Promise.withResolvers<void>();
  const { upkeep } = scriptedUpkeep({
    export: async function* ({ images: [name] }) {
      try {
        for (;;) {
          yield Buffer.alloc(65_536);
          if (name === 'broken') throw new UpkeepError('failed', 'a file is gone');
        }
      } finally {
        ended.resolve();
      }
    },
  });
  const { api } = await startApi(t, { upkeep });
  await assert.rejects((await fetch(`${api}export?image=broken`)).arrayBuffer());
  const answer = await fetch(`${api}export?image=endless`);
  await answer.body?.cancel();
  await ended.promise;
});

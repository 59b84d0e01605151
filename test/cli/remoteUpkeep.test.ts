import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { RemoteUpkeep } from '../../src/cli/remoteUpkeep.ts';
import { Secret } from '../../src/config/secret.ts';
import { UpkeepError, type UpkeepFailure } from '../../src/upkeep/upkeepError.ts';
import { startApi } from '../ops/apiServer.ts';
import { anyImage, items, scriptedUpkeep } from '../ops/scriptedUpkeep.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { markedSecret } from '../support/secretMark.ts';
import { startMirror } from '../support/testMirror.ts';
import { upkeepOf } from '../upkeep/testUpkeep.ts';
import { describeUpkeep } from '../upkeep/upkeepConformance.ts';

const token = markedSecret('ops');

function remote(t: Lifetime, url: string, shown?: string): RemoteUpkeep {
  const secret = shown === undefined ? undefined : new Secret(shown);
  const upkeep = new RemoteUpkeep({ url: new URL(url), token: secret });
  t.after(() => upkeep.close());
  return upkeep;
}

function failure(of: UpkeepFailure, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UpkeepError, String(error));
    assert.equal(error.failure, of);
    assert.match(error.message, message);
    return true;
  };
}

describeUpkeep('the upkeep through a mirror', async (t, hub) => {
  const mirror = await startMirror(t, hub);
  const { url } = await startApi(t, { upkeep: upkeepOf(mirror), token, beat: 5 });
  return { upkeep: remote(t, url, token), mirror };
});

describe('the token', () => {
  test('goes with all that is asked for', async (t) => {
    const { upkeep } = scriptedUpkeep();
    const { url, app } = await startApi(t, { upkeep, token });
    const shown: string[] = [];
    app.server.prependListener('request', ({ url: path = '', headers }) => {
      if (headers.authorization !== undefined) shown.push(path);
    });
    const through = remote(t, url, token);
    await through.store();
    await Array.fromAsync(through.images('a'));
    await through.image('a');
    await through.usage();
    await through.purge(['a'], true);
    await through.collect(true);
    await Array.fromAsync(through.verify({}));
    await Array.fromAsync(through.warm({ images: ['a'], platforms: [] }));
    await Array.fromAsync(through.export({ images: ['a'], platforms: [] }));
    await through.import(items([]), undefined);
    assert.equal(shown.length, 10);
  });

  for (const shown of [undefined, markedSecret('other')]) {
    test(`is said to be missing or wrong: ${shown === undefined ? 'missing' : 'wrong'}`, async (t) => {
      const { upkeep, calls } = scriptedUpkeep();
      const { url } = await startApi(t, { upkeep, token });
      const through = remote(t, url, shown);
      const said = failure('failed', /the ops token: give it with --token-file, or as ops\.token/);
      await assert.rejects(through.purge(['a'], true), said);
      await assert.rejects(through.usage(), said);
      await assert.rejects(Array.fromAsync(through.images(undefined)), said);
      // Many times what fits between the two: the answer comes while it is being sent.
      const endless = items(Array.from({ length: 500 }, () => Buffer.alloc(65_536)));
      await assert.rejects(through.import(endless, undefined), said);
      assert.deepEqual(calls, []);
    });
  }
});

describe('what the mirror is not', () => {
  test('nothing listens there', async (t) => {
    const through = remote(t, 'http://127.0.0.1:1');
    const expected = /^cannot reach the mirror at http:\/\/127\.0\.0\.1:1: nothing listens there$/;
    await assert.rejects(through.usage(), failure('failed', expected));
    await assert.rejects(Array.fromAsync(through.images(undefined)), failure('failed', expected));
    await assert.rejects(through.import(items([]), undefined), failure('failed', expected));
  });

  for (const [what, status, body, message] of [
    ['some other server', 404, '<html>', /status 404: it is not the API of a pullthrough/],
    ['a redirect', 302, '', /status 302: it is not the API of a pullthrough/],
    ['a page', 200, '<html>', /broke off its answer/],
  ] as const) {
    test(`it is ${what}`, async (t) => {
      const through = remote(t, await startServer(t, status, body), token);
      await assert.rejects(through.usage(), failure('failed', message));
    });
  }

  test('it sends lines that are no JSON', async (t) => {
    const through = remote(t, await startServer(t, 200, '\n<html>\n'));
    const images = Array.fromAsync(through.images(undefined));
    await assert.rejects(images, failure('failed', /no JSON/));
  });
});

test('lines may come in any pieces', async (t) => {
  const { upkeep } = scriptedUpkeep({
    images: () => items([{ ...anyImage, name: 'é'.repeat(50_000) }, anyImage]),
  });
  const { url } = await startApi(t, { upkeep });
  const images = await Array.fromAsync(remote(t, url).images(undefined));
  assert.deepEqual(
    images.map(({ name }) => name.length),
    [50_000, anyImage.name.length],
  );
});

test('a mirror that ends in the middle of an answer is no end of the answer', async (t) => {
  const { upkeep } = scriptedUpkeep({
    images: async function* () {
      for (;;) yield anyImage;
    },
    export: async function* () {
      for (;;) yield Buffer.alloc(1000);
    },
  });
  const { url, app } = await startApi(t, { upkeep });
  const through = remote(t, url);
  for (const stream of [
    through.images(undefined),
    through.export({ images: ['a'], platforms: [] }),
  ]) {
    const read = async (): Promise<void> => {
      for await (const _ of stream) app.server.closeAllConnections();
    };
    await assert.rejects(read(), failure('failed', /broke off its answer/));
  }
});

test('a mirror may be below a path', async (t) => {
  const { upkeep } = scriptedUpkeep();
  const { url } = await startApi(t, { upkeep });
  for (const end of ['', '/', '/metrics']) {
    assert.equal((await remote(t, url + end).store()).directory, '/data');
  }
});

async function startServer(t: Lifetime, status: number, body: string): Promise<string> {
  const server = createServer((_, answer) => {
    answer.writeHead(status, { location: '/elsewhere' }).end(body);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

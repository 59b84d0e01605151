import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lookup } from 'node:dns';
import { AddressRules } from '../../src/upstream/addressRules.ts';
import { exchange, type Incoming, type Outgoing } from '../../src/upstream/exchange.ts';
import { UpstreamAgents } from '../../src/upstream/upstreamAgents.ts';
import { UpstreamError, type UpstreamFailure } from '../../src/upstream/upstreamError.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { recordingObserver } from './recordingObserver.ts';
import { rejection } from './testUpstream.ts';
import { startTinyServer, type TinyHandler } from './tinyServer.ts';

async function ask(t: Lifetime, url: string, outgoing: Partial<Outgoing> = {}): Promise<Incoming> {
  const agents = new UpstreamAgents({ environment: {}, lookup });
  t.after(() => agents.destroy());
  const rules = new AddressRules({ host: 'hub.test', base: new URL(url), trustedHosts: [] });
  return await exchange(
    {
      subject: 'a thing',
      method: 'GET',
      url: new URL(url),
      headers: {},
      authorization: 'Bearer secret-token',
      redirects: 'follow',
      dispatcher: agents.api,
      signal: new AbortController().signal,
      ...outgoing,
    },
    {
      host: 'hub.test',
      userAgent: 'pullthrough/1.2.3',
      rules,
      observer: recordingObserver(),
      now: () => 0,
      wallNow: () => 0,
    },
  );
}

function redirectTo(location: string, status = 307): TinyHandler {
  return (_request, response) => {
    response.writeHead(status, { location }).end('moved');
  };
}

const hello: TinyHandler = (_request, response) => {
  response.end('hello');
};

async function assertFailure(
  promise: Promise<unknown>,
  failure: UpstreamFailure,
  message: RegExp,
): Promise<void> {
  const error = await rejection(promise);
  assert.ok(error instanceof UpstreamError, String(error));
  assert.equal(error.failure, failure);
  assert.match(error.message, message);
}

test('every request names the product and asks for bytes without a coding', async (t) => {
  const server = await startTinyServer(t, hello);
  await ask(t, server.url, { headers: { accept: 'x/y' } });
  const { headers } = server.requests[0] ?? {};
  assert.equal(headers?.['user-agent'], 'pullthrough/1.2.3');
  assert.equal(headers['accept-encoding'], 'identity');
  assert.equal(headers.accept, 'x/y');
});

describe('a redirect', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    test(`with ${status} is followed by the same method`, async (t) => {
      const target = await startTinyServer(t, hello);
      const first = await startTinyServer(t, redirectTo(`${target.url}/there`, status));
      const incoming = await ask(t, first.url, { method: 'HEAD' });
      assert.deepEqual([incoming.status, incoming.elsewhere], [200, true]);
      assert.deepEqual(
        target.requests.map(({ method, url }) => [method, url]),
        [['HEAD', '/there']],
      );
    });
  }

  test('to another origin takes no Authorization with it, nor gets it back on return', async (t) => {
    const target = await startTinyServer(t, (request, response) => {
      redirectTo(`http://${String(request.headers['x-home'])}/again`)(request, response);
    });
    const home = await startTinyServer(t, (request, response) => {
      if (request.url === '/again') hello(request, response);
      else redirectTo(target.url)(request, response);
    });
    const incoming = await ask(t, home.url, { headers: { 'x-home': home.authority } });
    assert.deepEqual([incoming.status, incoming.elsewhere], [200, true]);
    const sent = [...home.requests, ...target.requests].map(({ headers }) => headers.authorization);
    assert.deepEqual(sent, ['Bearer secret-token', undefined, undefined]);
  });

  test('within the origin keeps the Authorization', async (t) => {
    const server = await startTinyServer(t, (request, response) => {
      if (request.url === '/there') hello(request, response);
      else redirectTo('/there')(request, response);
    });
    const incoming = await ask(t, server.url);
    assert.equal(incoming.elsewhere, false);
    assert.equal(server.requests[1]?.headers.authorization, 'Bearer secret-token');
  });

  test('that goes in a circle ends after ten', async (t) => {
    const server = await startTinyServer(t, redirectTo('/?signature=secret'));
    await assertFailure(
      ask(t, server.url),
      'server_error',
      /^hub\.test: a thing: more than 10 redirects$/,
    );
    assert.equal(server.requests.length, 11);
  });

  test('does not keep its connection busy with a long body', { timeout: 10_000 }, async (t) => {
    const server = await startTinyServer(t, (request, response) => {
      if (request.url === '/there') hello(request, response);
      else response.writeHead(307, { location: '/there' }).end(Buffer.alloc(500_000));
    });
    const agents = new UpstreamAgents({ environment: {}, lookup, limits: { apiConnections: 1 } });
    t.after(() => agents.destroy());
    assert.equal((await ask(t, server.url, { dispatcher: agents.api })).status, 200);
  });

  test('without a target makes no sense', async (t) => {
    const server = await startTinyServer(t, (_request, response) => {
      response.writeHead(302).end();
    });
    await assertFailure(ask(t, server.url), 'server_error', /without a target/);
  });

  test('to a metadata service is refused before anything is sent', async (t) => {
    const server = await startTinyServer(t, redirectTo('http://169.254.169.254/latest'));
    const agents = new UpstreamAgents({ environment: {}, lookup });
    t.after(() => agents.destroy());
    const base = new URL('http://registry.example');
    const rules = new AddressRules({ host: 'hub.test', base, trustedHosts: [] });
    const asked = exchange(
      {
        subject: 'a thing',
        method: 'GET',
        url: new URL(server.url),
        headers: {},
        authorization: undefined,
        redirects: 'follow',
        dispatcher: agents.api,
        signal: AbortSignal.timeout(5000),
      },
      {
        host: 'hub.test',
        userAgent: 'x',
        rules,
        observer: recordingObserver(),
        now: () => 0,
        wallNow: () => 0,
      },
    );
    await assertFailure(
      asked,
      'forbidden_address',
      /169\.254\.169\.254 is refused: to a private address/,
    );
  });

  test('is the answer itself where none is wanted', async (t) => {
    const server = await startTinyServer(t, redirectTo('http://elsewhere.example/'));
    assert.equal((await ask(t, server.url, { redirects: 'none' })).status, 307);
  });

  test('is followed within the origin only where credentials are at stake', async (t) => {
    const foreign = await startTinyServer(t, hello);
    const server = await startTinyServer(t, (request, response) => {
      if (request.url === '/token/') hello(request, response);
      else if (request.url === '/token') redirectTo('/token/')(request, response);
      else redirectTo(`${foreign.url}/?sig=secret`)(request, response);
    });
    const incoming = await ask(t, `${server.url}/token`, { redirects: 'same_origin' });
    assert.equal(incoming.status, 200);
    const refused = ask(t, server.url, { redirects: 'same_origin' });
    await assertFailure(refused, 'forbidden_address', /not followed with credentials$/);
    assert.equal(foreign.requests.length, 0);
  });
});

test('a connection is used again after a HEAD', async (t) => {
  const ports = new Set<number | undefined>();
  const server = await startTinyServer(t, ({ socket }, response) => {
    ports.add(socket.remotePort);
    response.writeHead(200, { 'content-length': 5 }).end();
  });
  const agents = new UpstreamAgents({ environment: {}, lookup, limits: { apiConnections: 1 } });
  t.after(() => agents.destroy());
  for (let count = 0; count < 3; count++) {
    const { body } = await ask(t, server.url, { method: 'HEAD', dispatcher: agents.api });
    await body.dump({ limit: 0 });
  }
  assert.equal(ports.size, 1);
});

describe('a failure', () => {
  test('to connect says which', async (t) => {
    await assertFailure(
      ask(t, 'http://127.0.0.1:1/x?sig=s'),
      'unreachable',
      /a thing: .*ECONNREFUSED/,
    );
  });

  test('of the connection in place of an answer is unreachable', async (t) => {
    const server = await startTinyServer(t, (request) => {
      request.socket.destroy();
    });
    await assertFailure(ask(t, server.url), 'unreachable', /a thing: other side closed/);
  });

  test('to speak HTTP may be the abuse limit, and the answer stays out of the error', async (t) => {
    const server = await startTinyServer(t, (request) => {
      request.socket.end('HTTP/1.1 429 Too Many Requests\nX: secret\n\nToo Many');
    });
    const error = await rejection(ask(t, server.url));
    assert.ok(error instanceof UpstreamError);
    assert.equal(error.failure, 'abuse_limit');
    assert.equal(error.cause, undefined);
    assert.doesNotMatch(error.message, /secret/);
  });

  test('to speak HTTP where a redirect led is no abuse limit', async (t) => {
    const target = await startTinyServer(t, (request) => {
      request.socket.end('HTTP/1.1 200 OK\n\n');
    });
    const server = await startTinyServer(t, redirectTo(target.url));
    await assertFailure(ask(t, server.url), 'server_error', /not HTTP/);
  });

  test(
    'is reported at once when the signal aborts, for a request that waits for a connection too',
    { timeout: 10_000 },
    async (t) => {
      const arrived = Promise.withResolvers<undefined>();
      const server = await startTinyServer(t, () => {
        arrived.resolve(undefined);
      });
      const agents = new UpstreamAgents({ environment: {}, lookup, limits: { apiConnections: 1 } });
      t.after(() => agents.destroy());
      const blocking = ask(t, server.url, { dispatcher: agents.api });
      blocking.catch(() => undefined);
      await arrived.promise;
      const controller = new AbortController();
      const waiting = ask(t, server.url, { dispatcher: agents.api, signal: controller.signal });
      const reason = new Error('given up');
      controller.abort(reason);
      assert.equal(await rejection(waiting), reason);
      assert.equal(server.requests.length, 1);
    },
  );
});

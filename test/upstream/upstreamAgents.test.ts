import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { lookup } from 'node:dns';
import { describe, test } from 'node:test';
import { request, type Dispatcher } from 'undici';
import { UpstreamAgents, type UpstreamAgentsOptions } from '../../src/upstream/upstreamAgents.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { rejection } from './testUpstream.ts';
import { startTestProxy } from './testProxy.ts';
import { startTinyServer, type TinyHandler } from './tinyServer.ts';

type Options = Partial<Omit<UpstreamAgentsOptions, 'lookup'>>;

function createAgents(t: Lifetime, { environment = {}, ...options }: Options = {}): UpstreamAgents {
  const agents = new UpstreamAgents({ environment, lookup, ...options });
  t.after(() => agents.destroy());
  return agents;
}

const hello: TinyHandler = (_request, response) => {
  response.end('hello');
};

async function get(url: string, dispatcher: Dispatcher): Promise<string> {
  const { body } = await request(url, { dispatcher });
  return await body.text();
}

/** A server that keeps the first bytes of a connection and then ends it. */
async function startListener(t: Lifetime): Promise<{ port: number; first: Promise<Buffer> }> {
  const first = Promise.withResolvers<Buffer>();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      first.resolve(bytes);
      socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, first: first.promise };
}

/** The protocols of a TLS ClientHello's ALPN extension each stand behind their length. */
function offeredProtocols(clientHello: Buffer): string[] {
  return ['h2', 'http/1.1'].filter((name) =>
    clientHello.includes(Buffer.concat([Buffer.from([name.length]), Buffer.from(name)])),
  );
}

describe('without a proxy', () => {
  test('a request goes straight to its server', async (t) => {
    const server = await startTinyServer(t, hello);
    assert.equal(await get(server.url, createAgents(t).api), 'hello');
  });

  test('the environment of the process is not looked at', async (t) => {
    const proxy = await startTestProxy(t);
    const server = await startTinyServer(t, hello);
    process.env['HTTP_PROXY'] = `http://${proxy.authority}`;
    t.after(() => delete process.env['HTTP_PROXY']);
    assert.equal(await get(server.url, createAgents(t).api), 'hello');
    assert.deepEqual(proxy.seen, []);
  });

  for (const name of ['api', 'blob'] as const) {
    test(`the ${name} agent offers HTTP/1.1 alone`, async (t) => {
      const { port, first } = await startListener(t);
      const failed = rejection(get(`https://127.0.0.1:${port}/`, createAgents(t)[name]));
      assert.deepEqual(offeredProtocols(await first), ['http/1.1']);
      await failed;
    });
  }
});

describe('a connection for small answers', () => {
  for (const [how, headers, limits] of [
    ['after an answer that announced it', { connection: 'close' }, {}],
    ['because it was idle for too long', { connection: 'keep-alive' }, { keepAliveTimeout: 1 }],
  ] as const) {
    test(`that this side closes ${how} is not reported as lost`, async (t) => {
      const closed = Promise.withResolvers<void>();
      const server = await startTinyServer(t, ({ socket, url }, response) => {
        if (url === '/first') socket.once('close', () => closed.resolve());
        response.writeHead(200, { 'content-length': 5, ...headers }).end('hello');
      });
      let lost = 0;
      const agents = createAgents(t, { limits, apiConnectionLost: () => (lost += 1) });
      await get(`${server.url}/first`, agents.api);
      await closed.promise;
      // By the time of another answer, this side knows as well.
      await get(`${server.url}/second`, agents.blob);
      assert.equal(lost, 0);
    });
  }

  test('that the far side ends while it is idle is reported, one for transfers is not', async (t) => {
    const sockets: Socket[] = [];
    const server = await startTinyServer(t, ({ socket }, response) => {
      sockets.push(socket);
      response.end('hello');
    });
    const lost = Promise.withResolvers<void>();
    let count = 0;
    const apiConnectionLost = (): void => {
      count += 1;
      lost.resolve();
    };
    const agents = createAgents(t, { apiConnectionLost });
    await get(server.url, agents.blob);
    await get(server.url, agents.api);
    for (const socket of sockets) socket.end();
    await lost.promise;
    await get(server.url, agents.blob);
    assert.equal(count, 1);
  });
});

describe('a proxy', () => {
  for (const variable of ['HTTP_PROXY', 'http_proxy']) {
    test(`of ${variable} forwards plain HTTP`, async (t) => {
      const proxy = await startTestProxy(t);
      const server = await startTinyServer(t, hello);
      const environment = { [variable]: `http://user:secret@${proxy.authority}` };
      assert.equal(await get(`${server.url}/x`, createAgents(t, { environment }).api), 'hello');
      assert.deepEqual(proxy.seen, [`GET ${server.url}/x`]);
      assert.deepEqual(proxy.authorizations, [`Basic ${btoa('user:secret')}`]);
    });
  }

  for (const variable of ['HTTPS_PROXY', 'https_proxy']) {
    test(`of ${variable} tunnels https, in which HTTP/1.1 alone is offered`, async (t) => {
      const proxy = await startTestProxy(t);
      const { port, first } = await startListener(t);
      const environment = { [variable]: `http://${proxy.authority}` };
      const { blob } = createAgents(t, { environment });
      const failed = rejection(get(`https://127.0.0.1:${port}/`, blob));
      assert.deepEqual(offeredProtocols(await first), ['http/1.1']);
      assert.deepEqual(proxy.seen, [`CONNECT 127.0.0.1:${port}`]);
      await failed;
    });
  }

  for (const variable of ['NO_PROXY', 'no_proxy']) {
    test(`is left aside for the hosts of ${variable}`, async (t) => {
      const proxy = await startTestProxy(t);
      const server = await startTinyServer(t, hello);
      const environment = { HTTP_PROXY: `http://${proxy.authority}`, [variable]: '127.0.0.1' };
      assert.equal(await get(server.url, createAgents(t, { environment }).api), 'hello');
      assert.deepEqual(proxy.seen, []);
    });
  }

  test('may be given without a scheme', async (t) => {
    const proxy = await startTestProxy(t);
    const server = await startTinyServer(t, hello);
    const environment = { HTTP_PROXY: proxy.authority };
    assert.equal(await get(server.url, createAgents(t, { environment }).api), 'hello');
    assert.equal(proxy.seen.length, 1);
  });

  test('whose address makes no sense is named by its variable, not by its value', () => {
    const environment = { HTTPS_PROXY: 'http://user:secret@' };
    assert.throws(
      () => new UpstreamAgents({ environment, lookup }),
      (error) =>
        error instanceof Error &&
        /HTTPS_PROXY/.test(error.message) &&
        !/secret/.test(error.message),
    );
  });
});

describe(
  'the limits hold directly and through a proxy:',
  { concurrency: true, timeout: 20_000 },
  () => {
    for (const way of ['directly', 'through a proxy']) {
      const environmentOf = async (t: Lifetime): Promise<Record<string, string>> =>
        way === 'directly' ? {} : { HTTP_PROXY: (await startTestProxy(t)).authority };

      test(`an answer that does not begin, ${way}`, async (t) => {
        const server = await startTinyServer(t, () => undefined);
        const environment = await environmentOf(t);
        const { api } = createAgents(t, { environment, limits: { apiHeadersTimeout: 20 } });
        assert.match(String(await rejection(get(server.url, api))), /HeadersTimeoutError/);
      });

      test(`an answer that stops, ${way}`, async (t) => {
        const server = await startTinyServer(t, (_request, response) => {
          response.writeHead(200, { 'content-length': '10' });
          response.write('half');
        });
        const environment = await environmentOf(t);
        const { blob } = createAgents(t, { environment, limits: { blobBodyTimeout: 20 } });
        assert.match(String(await rejection(get(server.url, blob))), /BodyTimeoutError/);
      });

      test(`connections to one origin, ${way}`, async (t) => {
        let open = 0;
        let most = 0;
        const server = await startTinyServer(t, (_request, response) => {
          open += 1;
          most = Math.max(most, open);
          response.once('close', () => {
            open -= 1;
          });
          setImmediate(() => response.end('done'));
        });
        const environment = await environmentOf(t);
        const { blob } = createAgents(t, { environment, limits: { blobConnections: 2 } });
        await Promise.all(Array.from({ length: 12 }, () => get(server.url, blob)));
        assert.equal(server.requests.length, 12);
        assert.ok(most <= 2, `${most} at once`);
      });
    }

    test('a proxy that does not open a tunnel', async (t) => {
      const proxy = await startTestProxy(t, { deaf: true });
      const environment = { HTTPS_PROXY: proxy.authority };
      const { api } = createAgents(t, { environment, limits: { apiHeadersTimeout: 20 } });
      const error = await rejection(get('https://registry.example/', api));
      assert.match(String(error), /HeadersTimeoutError/);
    });
  },
);

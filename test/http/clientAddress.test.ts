import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { fastify } from 'fastify';
import { clientAddress, isSafeWire, trustedProxies } from '../../src/http/clientAddress.ts';
import { certificatePair } from '../support/certificates.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { exchangeRaw } from '../support/rawSocket.ts';
import { serveWith } from './secondServer.ts';
import { startStage } from './stage.ts';
import { readAnswer, requestHead, wireClient } from './wireAnswer.ts';

interface Seen {
  readonly address: string;
  readonly isSafe: boolean;
}

type Headers = Readonly<Record<string, string | string[]>>;

function createApp(t: Lifetime, trusted: readonly string[], tls?: { cert: Buffer; key: Buffer }) {
  const app = fastify({ trustProxy: trustedProxies(trusted), https: tls ?? null });
  app.get('/', (request): Seen => ({
    address: clientAddress(request),
    isSafe: isSafeWire(request),
  }));
  t.after(() => app.close());
  return app;
}

/** What a server makes of a request from an address, which needs not be one of this machine. */
async function see(
  t: Lifetime,
  trusted: readonly string[],
  remoteAddress: string,
  headers: Headers = {},
): Promise<Seen> {
  const answer = await createApp(t, trusted).inject({ url: '/', remoteAddress, headers });
  return answer.json<Seen>();
}

async function assertAddresses(
  t: Lifetime,
  trusted: readonly string[],
  cases: readonly (readonly [from: string, forwardedFor: string | undefined, expected: string])[],
): Promise<void> {
  for (const [from, forwardedFor, expected] of cases) {
    const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor };
    const { address } = await see(t, trusted, from, headers);
    assert.equal(address, expected, `${from}: ${forwardedFor}`);
  }
}

test('without a trusted proxy nobody is believed for whom it asks', async (t) => {
  await assertAddresses(
    t,
    [],
    [
      ['192.0.2.1', undefined, '192.0.2.1'],
      ['192.0.2.1', '198.51.100.9', '192.0.2.1'],
      ['127.0.0.1', '198.51.100.9', '127.0.0.1'],
      ['::1', '198.51.100.9', '::1'],
    ],
  );
});

test('who is no trusted proxy is not believed, whomever it names', async (t) => {
  await assertAddresses(
    t,
    ['10.0.0.0/24'],
    [
      ['10.0.1.1', '198.51.100.9', '10.0.1.1'],
      ['10.0.1.1', '10.0.0.1', '10.0.1.1'],
      ['10.0.1.1', '198.51.100.9, 10.0.0.1', '10.0.1.1'],
    ],
  );
});

test('a trusted proxy is believed, and what a client forged before it is not', async (t) => {
  await assertAddresses(
    t,
    ['10.0.0.0/24'],
    [
      ['10.0.0.1', undefined, '10.0.0.1'],
      ['10.0.0.1', '', '10.0.0.1'],
      ['10.0.0.1', '198.51.100.9', '198.51.100.9'],
      ['10.0.0.1', '192.0.2.66, 198.51.100.9', '198.51.100.9'],
      ['10.0.0.1', '10.0.0.2, 198.51.100.9', '198.51.100.9'],
      ['10.0.0.1', '127.0.0.1, 10.0.0.1, 198.51.100.9', '198.51.100.9'],
      ['10.0.0.1', '2001:db8::9', '2001:db8::9'],
    ],
  );
});

test('behind a chain of trusted proxies the client is whom the first one names', async (t) => {
  await assertAddresses(
    t,
    ['10.0.0.0/24', 'fd00::/64'],
    [
      ['10.0.0.1', '198.51.100.9, 10.0.0.2', '198.51.100.9'],
      ['10.0.0.1', '192.0.2.66, 198.51.100.9, fd00::7, 10.0.0.2', '198.51.100.9'],
      ['10.0.0.1', '192.0.2.66, 198.51.100.9, 10.9.9.9, 10.0.0.2', '10.9.9.9'],
      ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ],
  );
});

test('what is no address names nobody, and the proxy that passed it on counts', async (t) => {
  await assertAddresses(
    t,
    ['10.0.0.0/24'],
    [
      ['10.0.0.1', 'unknown', '10.0.0.1'],
      ['10.0.0.1', '198.51.100.9, unknown', '10.0.0.1'],
      ['10.0.0.1', '198.51.100.9, unknown, 10.0.0.2', '10.0.0.2'],
      ['10.0.0.1', '198.51.100.9:4711', '10.0.0.1'],
      ['10.0.0.1', '[2001:db8::9]', '10.0.0.1'],
      ['10.0.0.1', '10.0.0.0/24', '10.0.0.1'],
      ['10.0.0.1', ' , ,', '10.0.0.1'],
      ['10.0.0.1', '<script>', '10.0.0.1'],
    ],
  );
});

test('IPv4 on a socket of IPv6 is IPv4', async (t) => {
  await assertAddresses(
    t,
    ['10.0.0.0/24'],
    [
      ['::ffff:192.0.2.1', undefined, '192.0.2.1'],
      ['::ffff:10.0.0.1', '::ffff:198.51.100.9', '198.51.100.9'],
    ],
  );
});

test('of several headers on the wire the last one counts, and the log has the client', async (t) => {
  const stage = await startStage(t);
  const network = { clients: [], trustedProxies: ['127.0.0.1'] };
  const { port, finished } = await serveWith(t, stage, {}, { network });
  const lines = ['192.0.2.66', '198.51.100.9'].map((one) => `X-Forwarded-For: ${one}\r\n`).join('');
  await exchangeRaw({
    port,
    bytes: `GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines}\r\n`,
  });
  await wireClient(port)('GET', '/v2/');
  assert.deepEqual(
    finished.map(({ client }) => client),
    ['198.51.100.9', '127.0.0.1'],
  );
});

test('what is sent in the clear is not safe, whatever it says of itself', async (t) => {
  for (const headers of [
    {},
    { 'x-forwarded-proto': 'https' },
    { 'x-forwarded-proto': ['http', 'https'] },
    { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' },
    { forwarded: 'for=127.0.0.1;proto=https' },
    { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'https' },
  ] satisfies Headers[]) {
    for (const trusted of [[], ['10.0.0.0/24']]) {
      const { isSafe } = await see(t, trusted, '192.0.2.1', headers);
      assert.equal(isSafe, false, JSON.stringify(headers));
    }
  }
});

test('a trusted proxy is believed that it was asked over TLS, unless anybody says otherwise', async (t) => {
  for (const [scheme, expected] of [
    [undefined, false],
    ['', false],
    ['https', true],
    ['http', false],
    ['https, https', true],
    // Forged by the client before a proxy that appends.
    ['https, http', false],
    ['https,http', false],
    // Of two proxies the one that the client asked was asked in the clear.
    ['http, https', false],
    [['https', 'http'], false],
    ['httpsx', false],
  ] as const) {
    const headers = scheme === undefined ? {} : { 'x-forwarded-proto': scheme };
    for (const from of ['10.0.0.1', '127.0.0.1']) {
      const forwarded = { 'x-forwarded-for': '192.0.2.9', ...headers } as Headers;
      const { isSafe } = await see(t, ['10.0.0.1', '127.0.0.1'], from, forwarded);
      assert.equal(isSafe, expected, `${from}: ${String(scheme)}`);
    }
  }
});

test('a client on this machine is safe, and a proxy on it is not', async (t) => {
  for (const trusted of [[], ['127.0.0.0/8']]) {
    for (const from of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1']) {
      assert.equal((await see(t, trusted, from)).isSafe, true, from);
      for (const sign of [
        { 'x-forwarded-for': '127.0.0.1' },
        { 'x-real-ip': '127.0.0.1' },
        { 'x-forwarded-host': 'localhost' },
        { 'x-forwarded-proto': 'http' },
        { 'x-hand-over': 'nginx' },
        { forwarded: 'for=127.0.0.1' },
        { via: '1.1 proxy' },
      ] as unknown as Headers[]) {
        assert.equal((await see(t, trusted, from, sign)).isSafe, false, JSON.stringify(sign));
      }
    }
  }
});

test('a proxy that says nothing but speaks HTTP/1.0 is no client on this machine', async (t) => {
  const app = createApp(t, []);
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  for (const [version, expected] of [
    ['1.0', false],
    ['1.1', true],
  ] as const) {
    const bytes = `GET / HTTP/${version}\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`;
    const reply = await exchangeRaw({ port, bytes });
    const { body } = readAnswer(reply.bytes, reply.end);
    assert.equal((JSON.parse(body.toString()) as Seen).isSafe, expected, version);
  }
});

test('what comes over TLS is safe, unless a proxy says that it was asked in the clear', async (t) => {
  const { certificate, key } = certificatePair('first');
  for (const trusted of [[], ['127.0.0.1']]) {
    const app = createApp(t, trusted, { cert: certificate, key });
    const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
    for (const [headers, expected] of [
      [{}, true],
      [{ 'x-forwarded-for': '192.0.2.9' }, true],
      [{ 'x-forwarded-proto': 'https' }, true],
      [{ 'x-forwarded-proto': 'http' }, false],
      [{ 'x-forwarded-proto': 'http, https' }, false],
    ] as const) {
      const socket = connect({ port, host: '127.0.0.1', ca: [certificate] });
      await once(socket, 'secureConnect');
      socket.write(requestHead('GET', '/', { connection: 'close', ...headers }));
      const { body } = readAnswer(Buffer.from(await text(socket)), 'fin');
      const { isSafe } = JSON.parse(body.toString()) as Seen;
      assert.equal(isSafe, expected, JSON.stringify(headers));
    }
  }
});

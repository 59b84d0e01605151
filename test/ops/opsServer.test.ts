import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';
import { Agent, request } from 'undici';
import { createLogger } from '../../src/ops/logger.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { createOpsServer, type OpsServerOptions } from '../../src/ops/opsServer.ts';
import { certificatePair } from '../support/certificates.ts';
import { parseExposition, valueOf } from './exposition.ts';

const readings = {
  fillsInFlight: 0,
  fillWaiters: 0,
  cacheBytes: 7,
  cacheBlobs: 1,
  cacheMaxBytes: 0,
  diskFreeBytes: 9,
  incomingBytes: 0,
  quarantinedBytes: 0,
  pinnedBytes: 0,
  scrubProgress: 0,
  scrubCompletedAt: undefined,
};

async function startOpsServer(
  t: TestContext,
  options: Partial<OpsServerOptions> = {},
): Promise<string> {
  const server = createOpsServer({
    metrics: new Metrics({ upstreams: [{ host: 'docker.io', accounts: [] }], version: '1.2.3' }),
    readings: () => readings,
    ready: async () => {},
    ...options,
  });
  t.after(() => server.close());
  return server.listen({ host: '127.0.0.1', port: 0 });
}

const never = (): Promise<never> => new Promise(() => {});

function failing(message: string): () => Promise<never> {
  return () => Promise.reject(new Error(message));
}

describe('/metrics', () => {
  test('is Prometheus text with what the cache holds at that moment', async (t) => {
    const answer = await fetch(`${await startOpsServer(t)}/metrics`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    const scraped = parseExposition(await answer.text());
    assert.equal(valueOf(scraped, 'pullthrough_cache_bytes'), 7);
    assert.equal(valueOf(scraped, 'pullthrough_disk_free_bytes'), 9);
    const labels = { upstream: 'docker.io', account: 'anonymous' };
    assert.equal(valueOf(scraped, 'pullthrough_upstream_pulls_total', labels), 0);
  });

  for (const [how, broken] of [
    ['fails', failing('EIO')],
    ['throws at once', () => assert.fail('EIO')],
    ['never comes', never],
  ] as const) {
    test(`still answers when the reading of the cache ${how}`, async (t) => {
      const lines: string[] = [];
      const logger = createLogger({
        level: 'info',
        format: 'json',
        destination: { write: (line) => lines.push(line) },
      });
      const url = await startOpsServer(t, { readings: broken, logger, patienceMs: 20 });
      const answer = await fetch(`${url}/metrics`);
      assert.equal(answer.status, 200);
      const scraped = parseExposition(await answer.text());
      assert.equal(valueOf(scraped, 'pullthrough_cache_bytes'), Number.NaN);
      assert.equal(valueOf(scraped, 'pullthrough_build_info', buildLabels), 1);
      assert.match(lines.join(''), /"level":"warn".*the cache could not be measured/);
    });
  }
});

const buildLabels = { version: '1.2.3', node: process.version };

describe('/healthz', () => {
  test('answers ok even while the store fails', async (t) => {
    const url = await startOpsServer(t, { ready: failing('EIO'), readings: failing('EIO') });
    const answer = await fetch(`${url}/healthz`);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'ok\n');
  });

  test('answers HEAD as GET, without a body', async (t) => {
    const answer = await fetch(`${await startOpsServer(t)}/healthz`, { method: 'HEAD' });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-length'), '3');
  });
});

describe('/readyz', () => {
  test('is 200 while the store can be read and written', async (t) => {
    const answer = await fetch(`${await startOpsServer(t)}/readyz`);
    assert.equal(answer.status, 200);
    assert.deepEqual(await answer.json(), { ready: true });
  });

  test('is 503 with the reason when the store fails', async (t) => {
    const url = await startOpsServer(t, { ready: failing('EROFS: read-only file system') });
    const answer = await fetch(`${url}/readyz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), { ready: false, reason: 'EROFS: read-only file system' });
  });

  test('is 503 when the store hangs', async (t) => {
    const url = await startOpsServer(t, { ready: never, patienceMs: 20 });
    const answer = await fetch(`${url}/readyz`);
    assert.equal(answer.status, 503);
    assert.deepEqual(await answer.json(), { ready: false, reason: 'no answer in 20 ms' });
  });

  test('gives no secret away in its reason', async (t) => {
    const url = await startOpsServer(t, { ready: failing('no https://me:pw@s3.test/b?sig=abc') });
    const answer = await fetch(`${url}/readyz`);
    assert.equal(
      await answer.text(),
      '{"ready":false,"reason":"no https://[redacted]@s3.test/b?[redacted]"}',
    );
  });
});

describe('anything else', () => {
  for (const [method, path] of [
    ['GET', '/'],
    ['GET', '/v2/'],
    ['POST', '/metrics'],
    ['GET', '/metrics/..%2f..%2fetc/passwd'],
  ] as const) {
    test(`is a plain JSON 404: ${method} ${path}`, async (t) => {
      const answer = await fetch(`${await startOpsServer(t)}${path}`, { method });
      assert.equal(answer.status, 404);
      assert.deepEqual(await answer.json(), { error: 'not found' });
    });
  }

  test('is refused when its headers are over-long', async (t) => {
    const { hostname, port } = new URL(await startOpsServer(t));
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.end(`GET /healthz HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(9000)}\r\n\r\n`);
    assert.match(await text(socket), /^HTTP\/1\.1 431 /);
  });
});

test('the ops server gives up slow requests and idle connections', (t) => {
  const metrics = new Metrics({ upstreams: [], version: '1.2.3' });
  const app = createOpsServer({ metrics, readings: () => readings, ready: async () => {} });
  t.after(() => app.close());
  const { requestTimeout, headersTimeout, timeout, keepAliveTimeout, maxConnections } = app.server;
  assert.deepEqual(
    { requestTimeout, headersTimeout, timeout, keepAliveTimeout, maxConnections },
    {
      // Kept for each request by itself: see bodyDeadlines.
      requestTimeout: 0,
      headersTimeout: 10_000,
      timeout: 10_000,
      keepAliveTimeout: 75_000,
      maxConnections: 64,
    },
  );
});

describe('over TLS', () => {
  const pair = certificatePair('first');
  const tls = { cert: pair.certificate, key: pair.key };

  test('the same is answered, and over nothing else', async (t) => {
    const { hostname, port } = new URL(await startOpsServer(t, { tls }));
    const ca = pair.certificate;
    const agent = new Agent({ connect: { ca } });
    t.after(() => agent.destroy());
    const { statusCode } = await request(`https://${hostname}:${port}/healthz`, {
      dispatcher: agent,
    });
    assert.equal(statusCode, 200);
    await assert.rejects(fetch(`http://${hostname}:${port}/healthz`));
  });

  test('a handshake that is not begun is given up', async (t) => {
    const { hostname, port } = new URL(await startOpsServer(t, { tls, requestTimeout: 50 }));
    const silent = connect(Number(port), hostname).resume();
    t.after(() => silent.destroy());
    await once(silent, 'close', { signal: AbortSignal.timeout(10_000) });
  });

  test('headers may be no longer', async (t) => {
    const { hostname, port } = new URL(await startOpsServer(t, { tls }));
    const agent = new Agent({ connect: { ca: pair.certificate } });
    t.after(() => agent.destroy());
    const { statusCode } = await request(`https://${hostname}:${port}/healthz`, {
      dispatcher: agent,
      headers: { x: 'x'.repeat(9000) },
    });
    assert.equal(statusCode, 431);
  });
});

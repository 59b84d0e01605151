import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { UsageError } from '../../src/cli/command.ts';
import { localSource, metricsUrl, readStats } from '../../src/cli/statsSource.ts';
import type { Lifetime } from '../support/lifetime.ts';

const never = new AbortController().signal;

/** A server that answers everything like this. */
async function answering(t: Lifetime, status: number, body: string): Promise<URL> {
  const server = createServer((_request, response) => response.writeHead(status).end(body));
  t.after(() => void server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
}

describe('the metrics of the mirror on this machine', () => {
  for (const [host, url] of [
    ['::', 'http://127.0.0.1:5001/metrics'],
    ['0.0.0.0', 'http://127.0.0.1:5001/metrics'],
    ['::1', 'http://[::1]:5001/metrics'],
    ['ops.example', 'http://ops.example:5001/metrics'],
  ] as const) {
    test(`are at ${url} when it listens on ${host}`, () => {
      assert.equal(localSource({ listen: { host, port: 5001 }, tls: {} }).url.href, url);
    });
  }

  test('can’t be found when it may listen on any port', () => {
    assert.throws(
      () => localSource({ listen: { host: '127.0.0.1', port: 0 }, tls: {} }),
      UsageError,
    );
  });
});

describe('an address that a user gives', () => {
  for (const [given, url] of [
    ['http://host:5001', 'http://host:5001/metrics'],
    ['http://host:5001/metrics', 'http://host:5001/metrics'],
    ['https://host/ops/', 'https://host/ops/metrics'],
  ] as const) {
    test(`${given} means ${url}`, () => assert.equal(metricsUrl(given).href, url));
  }

  for (const given of ['host:5001', 'localhost', 'ftp://host', 'http://me:secret@host']) {
    test(`may not be ${given}, which the message does not repeat`, () => {
      assert.throws(
        () => metricsUrl(given),
        (error) => error instanceof UsageError && !error.message.includes(given),
      );
    });
  }
});

describe('figures are not had, and the reason is one line with what to do,', () => {
  for (const [what, status, body, reason] of [
    ['another program’s metrics', 200, 'up 1\n', / is not the metrics of a pullthrough: start /],
    ['no metrics at all', 200, '<html>\n', / is not the metrics of a pullthrough: start /],
    ['no such page', 404, '', / answers with status 404: start /],
  ] as const) {
    test(`from ${what}`, async (t) => {
      await assert.rejects(readStats({ url: await answering(t, status, body) }, never), reason);
    });
  }

  test('from an address where nothing listens', async () => {
    const url = new URL('http://127.0.0.1:1/metrics');
    const reason = /^NoStatsError: cannot read http:\S+: nothing listens there; start .*--url.*$/;
    await assert.rejects(readStats({ url }, never), reason);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Logger } from 'pino';
import type { MirrorObserver } from '../../src/mirror/mirrorObserver.ts';
import type { FinishedRequest } from '../../src/mirror/requestObserver.ts';
import {
  createMirrorObserver,
  createRequestObserver,
  createUpstreamObserver,
  createVerificationObserver,
} from '../../src/ops/loggedObservers.ts';
import type { Digest } from '../../src/registry/digest.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import type { StoreFailures } from '../../src/ops/storeFailures.ts';
import { parseExposition, valueOf } from './exposition.ts';
import { loggerWithLines, onlyLine } from './logLines.ts';

const digest = `sha256:${'ab'.repeat(32)}` as Digest;
const request: FinishedRequest = {
  method: 'GET',
  path: `/v2/library/alpine/blobs/${digest}`,
  route: 'blob',
  kind: 'blob',
  upstream: 'docker.io',
  outcome: 'miss',
  status: 200,
  bytesSent: 3_626_000,
  durationSeconds: 0.1234567,
  firstByteSeconds: 0.05,
  client: '192.0.2.7',
  requestId: 'req-1',
  aborted: false,
  handedOver: false,
};

function newMetrics(): Metrics {
  return new Metrics({ upstreams: [{ host: 'docker.io', accounts: [] }], version: '1.2.3' });
}

async function count(
  metrics: Metrics,
  name: string,
  labels: Record<string, string>,
): Promise<number | undefined> {
  return valueOf(parseExposition(await metrics.scrape()), name, labels);
}

function observeMirror(
  metrics: Metrics,
  logger: Logger,
  failures: StoreFailures = { report: () => assert.fail('the disk did nothing') },
): MirrorObserver {
  return createMirrorObserver(metrics, logger, failures);
}

test('what is found damaged on the disk is counted, and logged with its digest', async () => {
  const metrics = newMetrics();
  const { logger, lines } = loggerWithLines();
  const observer = createVerificationObserver(metrics, logger);
  observer.scrubbed(4096);
  assert.deepEqual(lines, []);
  observer.damageFound(digest, 'its bytes hash to sha256:cd', '/data/v1/quarantine/a');
  const { level, msg, ...told } = onlyLine(lines);
  assert.equal(told['digest'], digest);
  assert.equal(told['reason'], 'its bytes hash to sha256:cd');
  assert.equal(told['quarantinedAs'], '/data/v1/quarantine/a');
  assert.equal(level, 'error');
  assert.match(String(msg), /damaged on the disk/);
  assert.equal(await count(metrics, 'pullthrough_scrubbed_bytes_total', {}), 4096);
  assert.equal(await count(metrics, 'pullthrough_scrub_damaged_blobs_total', {}), 1);
});

function lineOf(of: Partial<FinishedRequest>): Record<string, unknown> {
  const { requestLog, lines } = loggerWithLines();
  createRequestObserver(newMetrics(), requestLog).finished({ ...request, ...of });
  return onlyLine(lines);
}

describe('the line of a finished request', () => {
  test('tells who asked for what, where from, and how it ended', () => {
    const { time, ...members } = lineOf({});
    assert.equal(typeof time, 'string');
    assert.deepEqual(members, {
      level: 'info',
      method: 'GET',
      path: request.path,
      upstream: 'docker.io',
      outcome: 'miss',
      status: 200,
      bytes: 3_626_000,
      durationMs: 123.457,
      client: '192.0.2.7',
      requestId: 'req-1',
      msg: 'request finished',
    });
  });

  test('warns of a server error, with its causes', () => {
    const error = new Error('no way', { cause: new Error('https://cdn.test/b?sig=f00d') });
    const line = lineOf({ status: 503, outcome: 'error', error });
    assert.equal(line['level'], 'warn');
    const { cause } = line['err'] as { cause: { message: string } };
    assert.equal(cause.message, 'https://cdn.test/b?[redacted]');
  });

  test('gives the reason of a refusal, without a warning or a stack', () => {
    const error = new RegistryError('MANIFEST_UNKNOWN');
    const { level, reason, err } = lineOf({ status: 404, outcome: 'negative', error });
    assert.deepEqual([level, reason, err], ['info', 'manifest unknown', undefined]);
  });

  test('tells what lies behind a refusal', () => {
    const cause = new UpstreamError('docker.io', 'unreachable', 'no answer in time');
    const error = new RegistryError('UNAVAILABLE', { message: 'not held here', cause });
    const { reason, err } = lineOf({ status: 503, outcome: 'error', error });
    assert.equal(reason, 'not held here: docker.io: no answer in time');
    assert.equal(err, undefined);
  });

  test('gives the stack of a fault of this program', () => {
    const error = new RegistryError('UNKNOWN', { cause: new TypeError('x is not a function') });
    const { err } = lineOf({ status: 500, outcome: 'error', error });
    const { cause } = err as { cause: { message: string; stack: string } };
    assert.match(cause.stack, /TypeError: x is not a function\n/);
  });

  test('says when the answer ended too early', () => {
    const line = lineOf({ aborted: true });
    assert.equal(line['aborted'], true);
    assert.equal(line['msg'], 'request aborted');
  });

  test('comes with the count', async () => {
    const metrics = newMetrics();
    const { requestLog } = loggerWithLines();
    createRequestObserver(metrics, requestLog).finished(request);
    const labels = { upstream: 'docker.io', kind: 'blob', outcome: 'miss' };
    assert.equal(await count(metrics, 'pullthrough_requests_total', labels), 1);
  });
});

describe('the lines of the mirror', () => {
  test('tell of failed transfers, with upstream, digest and cause', async () => {
    const metrics = newMetrics();
    const { logger, lines } = loggerWithLines();
    observeMirror(metrics, logger).fillFailed('docker.io', digest, new Error('cut off'));
    const line = onlyLine(lines);
    assert.equal(line['level'], 'warn');
    assert.equal(line['upstream'], 'docker.io');
    assert.equal(line['digest'], digest);
    assert.equal((line['err'] as { message: string }).message, 'cut off');
    const labels = { upstream: 'docker.io' };
    assert.equal(await count(metrics, 'pullthrough_fill_failures_total', labels), 1);
  });

  test('say of a disk that refuses no more than the store says', () => {
    const { logger, lines } = loggerWithLines();
    const reported: unknown[] = [];
    const failures = { report: (error: unknown) => reported.push(error) };
    const error = Object.assign(new Error('read-only'), { code: 'EROFS' });
    observeMirror(newMetrics(), logger, failures).fillFailed('docker.io', digest, error);
    assert.deepEqual([reported, lines], [[error], []]);
  });

  test('tell of wrong bytes and of resumed transfers, and count them', async () => {
    const metrics = newMetrics();
    const { logger, lines } = loggerWithLines();
    const observer = observeMirror(metrics, logger);
    const actual = `sha256:${'cd'.repeat(32)}` as Digest;
    const mismatch = { expected: digest, actual, nature: 'an HTML page', heldBefore: 0 };
    observer.digestMismatched('docker.io', mismatch);
    observer.fillResumed('docker.io');
    const [mismatched, resumed] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.equal(mismatched?.['level'], 'warn');
    assert.equal(mismatched['upstream'], 'docker.io');
    assert.equal(mismatched['expected'], digest);
    assert.equal(mismatched['actual'], actual);
    assert.match(String(mismatched['msg']), /an HTML page/);
    assert.equal(resumed?.['level'], 'info');
    const labels = { upstream: 'docker.io' };
    assert.equal(await count(metrics, 'pullthrough_digest_mismatches_total', labels), 1);
    assert.equal(await count(metrics, 'pullthrough_fill_resumes_total', labels), 1);
  });

  test('do not repeat what is only counted', async () => {
    const metrics = newMetrics();
    const { logger, lines } = loggerWithLines();
    observeMirror(metrics, logger).pulledBytes('docker.io', 'blob', 12);
    assert.deepEqual(lines, []);
    const labels = { type: 'blob', upstream_host: 'docker.io' };
    assert.equal(await count(metrics, 'registry_proxy_pulled_bytes_total', labels), 12);
  });
});

describe('the lines about upstreams', () => {
  test('tell when one stops answering and when it answers again, once each', async () => {
    const metrics = newMetrics();
    const { logger, lines } = loggerWithLines();
    const observer = createUpstreamObserver(metrics, logger);
    for (const up of [true, false, false, true, true]) observer.reachable('docker.io', up);
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { msg: string }).msg),
      ['the upstream does not answer', 'the upstream answers again'],
    );
    assert.equal(await count(metrics, 'pullthrough_upstream_up', { upstream: 'docker.io' }), 1);
  });

  test('tell when one is not asked any more, why, and when it is asked again', async () => {
    const metrics = newMetrics();
    const { logger, lines } = loggerWithLines();
    const observer = createUpstreamObserver(metrics, logger);
    const error = new UpstreamError('docker.io', 'unreachable', 'no answer in time');
    const circuit = { upstream: 'docker.io', circuit: 'api' };
    observer.circuitChanged('docker.io', 'api', { error, milliseconds: 1000 });
    assert.equal(await count(metrics, 'pullthrough_upstream_circuit_open', circuit), 1);
    observer.circuitChanged('docker.io', 'api', undefined);
    assert.equal(await count(metrics, 'pullthrough_upstream_circuit_open', circuit), 0);
    const [opened, closed] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const { time, ...told } = opened ?? {};
    assert.equal(typeof time, 'string');
    assert.deepEqual(told, {
      level: 'warn',
      upstream: 'docker.io',
      circuit: 'api',
      reason: 'docker.io: no answer in time',
      seconds: 1,
      msg: 'the upstream is not asked for a while',
    });
    assert.deepEqual([closed?.['level'], closed?.['circuit']], ['info', 'api']);
  });

  test('warn of a throttled account, and why', async () => {
    const metrics = newMetrics();
    const { logger, lines } = loggerWithLines();
    createUpstreamObserver(metrics, logger).throttled('docker.io', 'anonymous', 'pull_limit');
    const { level, account, reason } = onlyLine(lines);
    assert.deepEqual([level, account, reason], ['warn', 'anonymous', 'pull_limit']);
    const labels = { upstream: 'docker.io', account: 'anonymous', reason: 'pull_limit' };
    assert.equal(await count(metrics, 'pullthrough_upstream_throttled_total', labels), 1);
  });

  test('tell when an account is set aside, why and how long, and when it is back', async () => {
    const metrics = newMetrics();
    const { logger, lines } = loggerWithLines();
    const observer = createUpstreamObserver(metrics, logger);
    const labels = { upstream: 'docker.io', account: 'anonymous' };
    observer.accountSetAside('docker.io', 'anonymous', 'pull_limit', 60);
    assert.equal(await count(metrics, 'pullthrough_account_usable', labels), 0);
    observer.accountBack('docker.io', 'anonymous');
    assert.equal(await count(metrics, 'pullthrough_account_usable', labels), 1);
    const [aside, back] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      [aside?.['level'], aside?.['account'], aside?.['reason'], aside?.['seconds']],
      ['warn', 'anonymous', 'pull_limit', 60],
    );
    assert.deepEqual([back?.['level'], back?.['account']], ['info', 'anonymous']);
  });

  test('do not repeat what is only counted', async () => {
    const metrics = newMetrics();
    const { logger, lines } = loggerWithLines();
    const observer = createUpstreamObserver(metrics, logger);
    observer.answered('docker.io', 'manifest_get', 100);
    observer.exchanged('docker.io', 'manifest_get', '2xx');
    observer.pullCounted('docker.io', 'anonymous');
    observer.rateLimitRead('docker.io', 'anonymous', { remaining: 5 });
    assert.deepEqual(lines, []);
    const account = { upstream: 'docker.io', account: 'anonymous' };
    assert.equal(await count(metrics, 'pullthrough_upstream_pulls_total', account), 1);
    assert.equal(await count(metrics, 'pullthrough_ratelimit_remaining', account), 5);
    const exchange = { upstream: 'docker.io', operation: 'manifest_get', status: '2xx' };
    assert.equal(await count(metrics, 'pullthrough_upstream_requests_total', exchange), 1);
    const duration = 'pullthrough_upstream_request_duration_seconds_sum';
    const operation = { upstream: 'docker.io', operation: 'manifest_get' };
    assert.equal(await count(metrics, duration, operation), 0.1);
  });
});

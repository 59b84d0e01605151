import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { RequestTrace } from '../../src/http/requestTrace.ts';
import type { FinishedRequest } from '../../src/mirror/requestObserver.ts';
import { openRawConnection } from '../support/rawSocket.ts';
import { eventually } from './eventually.ts';
import { blobPath, manifestPath, startStage, type Stage } from './stage.ts';
import { requestHead } from './wireAnswer.ts';

const outside = {
  method: 'GET',
  status: 200,
  path: '/v2/',
  client: '10.0.0.1',
  requestId: 'id',
  aborted: false,
} as const;

test('a trace measures from its beginning, to the first head and to the end', () => {
  let now = 1000;
  const trace = new RequestTrace(() => now);
  now = 1250;
  trace.headSent();
  now = 2000;
  trace.headSent();
  now = 3500;
  const finished = trace.finish(outside);
  assert.equal(finished.firstByteSeconds, 0.25);
  assert.equal(finished.durationSeconds, 2.5);
});

test('a trace of a request that was not answered has no first byte', () => {
  const finished = new RequestTrace(() => 0).finish({ ...outside, aborted: true });
  assert.equal(finished.firstByteSeconds, undefined);
  assert.equal(finished.route, 'other');
  assert.equal(finished.bytesSent, 0);
});

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The report on the only request since the last one. */
async function reportOn({ mirror }: Stage, seen: number): Promise<FinishedRequest> {
  await eventually('the request is reported', () => mirror.finished.length > seen);
  assert.equal(mirror.finished.length, seen + 1);
  const report = mirror.finished[seen];
  assert.ok(report !== undefined);
  return report;
}

function assertReport(report: FinishedRequest, expected: Partial<FinishedRequest>): void {
  const { durationSeconds, firstByteSeconds, requestId, client, error: _, ...rest } = report;
  // What is asked for here, everybody may have.
  const rule = expected.upstream === undefined ? undefined : 'public';
  const who = { user: undefined, authenticatedBy: undefined, rule };
  assert.deepEqual(rest, { aborted: false, handedOver: false, ...who, ...expected });
  assert.match(requestId, uuid);
  assert.equal(client, '127.0.0.1');
  assert.ok(durationSeconds >= 0 && durationSeconds < 60);
  assert.ok(firstByteSeconds === undefined || firstByteSeconds <= durationSeconds);
}

describe('a request is reported once', () => {
  test('whatever its answer was', async (t) => {
    const stage = await startStage(t);
    const { image, small, large, ask, hold } = stage;
    await hold(large);
    await hold(small);
    const tag = manifestPath('3.20');
    const manifest = { route: 'manifest', kind: 'manifest', upstream: 'docker.io' } as const;
    const blob = { route: 'blob', kind: 'blob', upstream: 'docker.io' } as const;
    const none = { kind: undefined, upstream: undefined, outcome: undefined } as const;
    const size = image.manifest.bytes.length;
    const cases: ReadonlyArray<
      readonly [
        method: string,
        target: string,
        headers: Record<string, string>,
        expected: Partial<FinishedRequest>,
      ]
    > = [
      ['GET', '/v2/', {}, { route: 'base', ...none, status: 200, bytesSent: 2 }],
      ['HEAD', '/v2/', {}, { route: 'base', ...none, status: 200, bytesSent: 0 }],
      ['HEAD', tag, {}, { ...manifest, status: 200, outcome: 'miss', bytesSent: 0 }],
      ['GET', tag, {}, { ...manifest, status: 200, outcome: 'miss', bytesSent: size }],
      ['GET', tag, {}, { ...manifest, status: 200, outcome: 'hit', bytesSent: size }],
      [
        'GET',
        tag,
        { 'if-none-match': '*' },
        { ...manifest, status: 304, outcome: 'hit', bytesSent: 0 },
      ],
      [
        'GET',
        blobPath(small.digest),
        {},
        { ...blob, status: 200, outcome: 'hit', bytesSent: 2048 },
      ],
      ['HEAD', blobPath(large.digest), {}, { ...blob, status: 200, outcome: 'hit', bytesSent: 0 }],
      [
        'GET',
        blobPath(large.digest),
        {},
        { ...blob, status: 200, outcome: 'hit', bytesSent: 2_000_000 },
      ],
      [
        'GET',
        blobPath(large.digest),
        { range: 'bytes=0-99999' },
        { ...blob, status: 206, outcome: 'hit', bytesSent: 100_000 },
      ],
      [
        'GET',
        '/v2/library/alpine/tags/list',
        {},
        { ...blob, route: 'tags', kind: 'tags', status: 200, outcome: 'miss', bytesSent: 41 },
      ],
    ];
    for (const [method, target, headers, expected] of cases) {
      const seen = stage.mirror.finished.length;
      await ask(method, target, headers);
      const report = await reportOn(stage, seen);
      assertReport(report, { method, path: target, ...expected });
      assert.equal(report.error, undefined);
      assert.notEqual(report.firstByteSeconds, undefined);
    }
  });

  test('when it is an error, with what went wrong and the bytes that said so', async (t) => {
    const stage = await startStage(t);
    const { large, ask, hold } = stage;
    await hold(large);
    const none = { kind: undefined, upstream: undefined, outcome: undefined } as const;
    const manifest = { route: 'manifest', kind: 'manifest', upstream: 'docker.io' } as const;
    for (const [method, target, expected] of [
      ['GET', manifestPath('missing'), { ...manifest, status: 404, outcome: 'negative' }],
      ['HEAD', manifestPath('missing'), { ...manifest, status: 404, outcome: 'negative' }],
      [
        'GET',
        '/v2/a/manifests/b?ns=quay.io',
        { ...manifest, upstream: undefined, status: 404, outcome: 'negative' },
      ],
      [
        'GET',
        '/v2/A/manifests/b',
        { ...manifest, upstream: undefined, status: 400, outcome: 'error' },
      ],
      [
        'GET',
        blobPath(large.digest),
        { route: 'blob', kind: 'blob', upstream: 'docker.io', status: 416, outcome: 'error' },
      ],
      ['GET', '/nowhere', { route: 'other', ...none, status: 404 }],
      ['GET', '/v2/%zz?secret', { route: 'other', ...none, status: 400 }],
      ['PUT', manifestPath('3.20'), { route: 'other', ...none, status: 405 }],
      ['PROPFIND', '/v2/', { route: 'other', ...none, status: 404 }],
    ] as const) {
      const seen = stage.mirror.finished.length;
      const headers = expected.status === 416 ? { range: 'bytes=9999999-' } : {};
      const { body } = await ask(method, target, headers);
      const report = await reportOn(stage, seen);
      const [path] = target.split('?');
      assertReport(report, { method, path: path ?? '', bytesSent: body.length, ...expected });
      assert.ok(report.error instanceof Error);
      assert.notEqual(report.firstByteSeconds, undefined);
    }
  });

  test('when the client leaves before an answer', async (t) => {
    const stage = await startStage(t);
    const held = stage.hub.fault({ at: 'manifest_head', delayHeaders: 'hold' });
    await leaveAfter(t, stage, manifestPath('3.20'), () =>
      stage.hub.waitFor({ operation: 'manifest_head' }),
    );
    const report = await reportOn(stage, 0);
    assert.equal(report.aborted, true);
    assert.equal(report.firstByteSeconds, undefined);
    assert.equal(report.bytesSent, 0);
    assert.equal(report.route, 'manifest');
    assert.equal(report.upstream, 'docker.io');
    assert.equal(report.client, '127.0.0.1');
    held.release();
    await stage.ask('GET', '/v2/');
    await eventually('the next is reported', () => stage.mirror.finished.length === 2);
  });

  test('when the client leaves in the middle of a body, with the bytes it may have got', async (t) => {
    const stage = await startStage(t, { largeSize: 20_000_000 });
    await stage.hold(stage.large);
    await leaveAfter(t, stage, blobPath(stage.large.digest), (received) => received('\r\n\r\n'));
    const report = await reportOn(stage, 1);
    assert.equal(report.aborted, true);
    assert.equal(report.status, 200);
    assert.equal(report.outcome, 'hit');
    assert.equal(report.client, '127.0.0.1');
    assert.ok(report.bytesSent < stage.large.size);
    assert.notEqual(report.firstByteSeconds, undefined);
  });

  test('when the upstream breaks in the middle of a body, with what went wrong', async (t) => {
    const stage = await startStage(t);
    const cut = stage.hub.fault({ at: 'blob_body', cutAfter: 700_000, times: 1 });
    stage.hub.fault({ at: 'blob_redirect', status: 503, when: () => cut.hits > 0 });
    const { body } = await stage.ask('GET', blobPath(stage.large.digest));
    const report = await reportOn(stage, 0);
    assertReport(report, {
      method: 'GET',
      path: blobPath(stage.large.digest),
      route: 'blob',
      kind: 'blob',
      upstream: 'docker.io',
      outcome: 'miss',
      status: 200,
      bytesSent: body.length,
      aborted: true,
    });
    assert.ok(report.error instanceof Error);
  });
});

/** Asks, waits for what the test wants to have happened, and hangs up without reading a body. */
async function leaveAfter(
  t: TestContext,
  { mirror }: Stage,
  target: string,
  until: (received: (text: string) => Promise<unknown>) => Promise<unknown>,
): Promise<void> {
  const connection = await openRawConnection(mirror.port);
  t.after(() => connection.destroy());
  connection.send(requestHead('GET', target));
  await until((text) => connection.until(text));
  connection.destroy();
}

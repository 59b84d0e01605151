import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FinishedRequest } from '../../src/mirror/requestObserver.ts';
import { createLogger } from '../../src/ops/logger.ts';
import { RequestLog } from '../../src/ops/requestLog.ts';
import { loggerWithLines, onlyLine } from './logLines.ts';

const request: FinishedRequest = {
  method: 'GET',
  path: '/v2/library/alpine/manifests/3.20',
  route: 'manifest',
  kind: 'manifest',
  upstream: 'docker.io',
  outcome: 'hit',
  status: 200,
  bytesSent: 1638,
  durationSeconds: 0.000_123_4,
  client: '192.0.2.7',
  requestId: 'req-1',
  aborted: false,
  handedOver: false,
};

const requests: ReadonlyArray<readonly [string, Partial<FinishedRequest>]> = [
  ['a hit', {}],
  ['an answer that ended too early', { aborted: true }],
  ['an answer that is sent by nginx', { handedOver: true }],
  ['a request for nothing of an upstream', { upstream: undefined, outcome: undefined }],
  ['a path of quotes and secrets', { path: '/v2/"token":"s3cret"/http://u:p@x/?sig' }],
  ['a server error without a cause', { status: 500 }],
];

for (const [what, of] of requests) {
  test(`the line of ${what} is the one that the logger would have made`, () => {
    const { logger, lines, requestLog } = loggerWithLines();
    requestLog.write({ ...request, ...of });
    new RequestLog(logger).write({ ...request, ...of });
    const [ours = '', theirs = ''] = lines.map((line) => line.replace(/"time":"[^"]*"/, ''));
    assert.equal(ours, theirs);
    assert.doesNotMatch(ours, /s3cret|u:p/);
  });
}

describe('the time of a line', () => {
  test('is the one at which it was written', () => {
    const { lines, requestLog } = loggerWithLines();
    const before = Date.now();
    requestLog.write(request);
    const time = Date.parse(String(onlyLine(lines)['time']));
    assert.ok(before <= time && time <= Date.now());
  });
});

test('a request is not written below the level', () => {
  const lines: string[] = [];
  const destination = { write: (line: string): void => void lines.push(line) };
  const logger = createLogger({ level: 'warn', format: 'json', destination });
  const log = new RequestLog(logger, destination);
  log.write(request);
  log.write({ ...request, status: 503 });
  assert.equal(onlyLine(lines)['status'], 503);
});

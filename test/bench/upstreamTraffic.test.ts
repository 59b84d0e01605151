import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trafficIn } from './upstreamTraffic.ts';

const line = (request: string, status: number, bytes: number) =>
  `127.0.0.1 - - [21/Nov/2026:18:51:52 +0000] "${request} HTTP/1.1" ${status} ${bytes} "" "undici"\n`;

test('the answered GETs of a path are counted, with what was sent of them', () => {
  const log = [
    line('GET /v2/a/blobs/x', 200, 1000),
    line('GET /v2/a/blobs/x', 206, 250),
    'time="2026-11-21T18:51:52Z" level=info msg="response completed"\n',
    line('HEAD /v2/a/blobs/x', 200, 1000),
    line('GET /v2/a/blobs/x', 404, 157),
    line('GET /v2/a/blobs/xy', 200, 9),
  ].join('');
  assert.deepEqual(trafficIn(log, '/v2/a/blobs/x'), { requests: 2, bytes: 1250 });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWrk } from './wrkOutput.ts';

const output = `Running 2s test @ http://127.0.0.1:5000/v2/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.41ms    1.11ms  25.63ms   91.05%
    Req/Sec    13.40k     1.35k   15.63k    80.00%
  Latency Distribution
     50%  812.00us
     75%    2.63ms
     90%    3.19ms
     99%    1.20s
  26673 requests in 2.00s, 44.21MB read
Requests/sec:  13324.18
Transfer/sec:     22.09MB
`;

test('the requests, their rate and two latencies are read in their units', () => {
  const answers = parseWrk(output);
  assert.equal(answers.requests, 26_673);
  assert.equal(answers.perSecond, 13_324.18);
  assert.equal(answers.medianSeconds.toFixed(6), '0.000812');
  assert.equal(answers.p99Seconds, 1.2);
});

for (const trouble of [
  '  Non-2xx or 3xx responses: 12',
  '  Socket errors: connect 0, read 3, write 0, timeout 0',
]) {
  test(`output with "${trouble.trim()}" is no measurement`, () => {
    assert.throws(() => parseWrk(`${output}${trouble}\n`), /Requests\/sec/);
  });
}

test('output without a rate is no measurement', () => {
  assert.throws(() => parseWrk('unable to connect'), /unable to connect/);
});

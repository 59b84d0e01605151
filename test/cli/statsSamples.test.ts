import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseSamples, type Sample } from '../../src/cli/statsSamples.ts';
import { Metrics } from '../../src/ops/metrics.ts';

const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,8}$/);
const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,8}$/);
const labelValue = fc.oneof(
  fc.string(),
  fc.stringMatching(/^[a"\\n{},= ]*$/),
  fc.constantFrom('\n', '\r', '\u2028', '\\n', '} 1', 'a="b",c="d"'),
);
const value = fc.oneof(
  fc.double().filter((one) => !Object.is(one, -0)),
  fc.integer(),
  fc.constantFrom(NaN, Infinity, -Infinity),
);
const sample: fc.Arbitrary<Sample> = fc.record(
  { name, labels: fc.dictionary(label, labelValue, { noNullPrototype: true }), value },
  { noNullPrototype: true },
);

/** A sample as the format's description says that it is written. */
function written({ name: of, labels, value: number }: Sample): string {
  const pairs = Object.entries(labels).map(([key, text]) => {
    const escaped = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
    return `${key}="${escaped}"`;
  });
  const braces = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
  return `${of}${braces} ${String(number).replace(/^(-?)Infinity$/, '$1Inf')}`;
}

describe('a scrape', () => {
  test('is read as it was written, whatever its labels hold', () => {
    fc.assert(
      fc.property(fc.array(sample), (samples) => {
        assert.deepEqual(parseSamples(samples.map(written).join('\n')), samples);
      }),
    );
  });

  test('of this program is read, every line of it', async () => {
    const upstreams = [{ host: 'docker.io', accounts: ['a"b\\c\n'] }];
    const text = await new Metrics({ upstreams, version: '1.2.3' }).scrape();
    const samples = parseSamples(text);
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    assert.equal(samples?.length, lines.length);
    const pulls = samples.find((one) => one.name === 'pullthrough_upstream_pulls_total');
    assert.deepEqual(pulls?.labels, { upstream: 'docker.io', account: 'a"b\\c\n' });
  });

  for (const [line, labels] of [
    ['a 1', {}],
    ['a{} 1', {}],
    ['a{b="c",} 1', { b: 'c' }],
    ['a { b = "c" , d = "e" } 1', { b: 'c', d: 'e' }],
    ['a 1 1700000000000', {}],
    ['\t a  1 \r', {}],
    ['# a comment\n\n#\na 1\n', {}],
  ] as const) {
    test(`may be written as ${JSON.stringify(line)}`, () => {
      assert.deepEqual(parseSamples(line), [{ name: 'a', labels, value: 1 }]);
    });
  }

  for (const line of ['a', '1 1', 'a b', 'a{b="c} 1', 'a{b=c} 1', 'a{b="c"d="e"} 1', '<html>']) {
    test(`has no line such as ${line}`, () => {
      assert.equal(parseSamples(`a 1\n${line}\na 1`), undefined);
    });
  }
});

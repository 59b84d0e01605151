import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { readYaml } from '../../src/config/yamlSource.ts';

const sample = 'listen: a:1\nupstreams:\n  - host: ghcr.io\n    url: x\nlog:\n';

describe('a YAML text', () => {
  test('is read into plain values', () => {
    const { value, problems } = readYaml(sample, 'f');
    assert.deepEqual(value, {
      listen: 'a:1',
      upstreams: [{ host: 'ghcr.io', url: 'x' }],
      log: null,
    });
    assert.deepEqual(problems, []);
  });

  test('that is JSON is read too', () => {
    assert.deepEqual(readYaml('[{"host": "ghcr.io"}]', 'f').value, [{ host: 'ghcr.io' }]);
  });

  test('that is empty has no value', () => {
    assert.equal(readYaml('# nothing\n', 'f').value, undefined);
  });

  test('knows line and column of values and of keys', () => {
    const yaml = readYaml(sample, 'f');
    assert.equal(yaml.locate(['listen'], 'value'), 'f:1:9');
    assert.equal(yaml.locate(['listen'], 'key'), 'f:1:1');
    assert.equal(yaml.locate(['upstreams', 0, 'url'], 'value'), 'f:4:10');
    assert.equal(yaml.locate(['upstreams', 0, 'url'], 'key'), 'f:4:5');
  });

  test('points to what encloses a setting that is not there', () => {
    const yaml = readYaml(sample, 'f');
    assert.equal(yaml.locate(['upstreams', 0, 'accounts', 3], 'value'), 'f:3:5');
    assert.equal(yaml.locate(['upstreams', 7], 'value'), 'f:3:3');
  });
});

describe('a text that is no proper YAML', () => {
  const texts: readonly (readonly [string, string])[] = [
    ['token: "hunter2', 'f:1:'],
    ['a: 1\nhunter2\n', 'f:2:1'],
    ['a: 1\na: 2\n', 'f:2:1'],
    ['a: 1\n---\nb: 2\n', 'f:2:1'],
    ['a:\n\tb: 1\n', 'f:2:1'],
    ['token: *hunter2', 'f'],
    ['token: !hunter2 x', 'f:1:8'],
    ['token: !<hunter2 x', 'f:1:8'],
    ['token: !hunter2! x', 'f:1:8'],
    ['token: "\\unter2hunter2"', 'f:1:9'],
    ['token: |hunter2\n  x', 'f:1:9'],
    ['token: "x" hunter2', 'f:1:12'],
    ['- x\nhunter2: 1', 'f:2:1'],
  ];
  for (const [text, source] of texts) {
    test(`${JSON.stringify(text)} is a problem at ${source} that does not quote it`, () => {
      const { value, problems } = readYaml(text, 'f');
      assert.equal(value, undefined);
      assert.ok(
        String(problems[0]?.source).startsWith(source),
        problems[0]?.source ?? 'no problem',
      );
      assert.doesNotMatch(JSON.stringify(problems), /unter/);
    });
  }
});

test('JSON, of which any is YAML, is read as what it says', () => {
  const keys = fc.string().filter((key) => key !== '__proto__');
  const values = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.integer(),
      fc.boolean(),
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('value')),
    map: fc.dictionary(keys, tie('value'), { noNullPrototype: true }),
  })).value;
  fc.assert(
    fc.property(values, (value) => {
      const { value: read, problems } = readYaml(JSON.stringify(value), 'a text');
      assert.deepEqual(problems, []);
      assert.deepEqual(read, value);
    }),
  );
});

test('a text that is nested deeper than the parser can go is a problem, and no crash', () => {
  for (const level of [': a', '[', '- ', '{a: ']) {
    const { value, problems } = readYaml(level.repeat(50_000), 'file');
    assert.equal(value, undefined);
    assert.ok(problems.length > 0);
    assert.ok(problems.every(({ source }) => source.startsWith('file')));
  }
});

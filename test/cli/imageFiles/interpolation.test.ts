import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { interpolate, InterpolationError } from '../../../src/cli/imageFiles/interpolation.ts';

const environment = { SET: 'value', EMPTY: '' };

describe('a text with variables', () => {
  const cases: Readonly<Record<string, string>> = {
    'alpine:3.20': 'alpine:3.20',
    'app:$SET': 'app:value',
    'app:${SET}-x': 'app:value-x',
    'app:$EMPTY': 'app:',
    'app:${NONE:-1.0}': 'app:1.0',
    'app:${EMPTY:-1.0}': 'app:1.0',
    'app:${SET:-1.0}': 'app:value',
    'app:${NONE-1.0}': 'app:1.0',
    'app:${EMPTY-1.0}': 'app:',
    'app:${NONE:-}': 'app:',
    'app:${SET:?needed}': 'app:value',
    'app:${EMPTY?needed}': 'app:',
    'app:${SET:+other}': 'app:other',
    'app:${EMPTY:+other}': 'app:',
    'app:${EMPTY+other}': 'app:other',
    'app:${NONE+other}': 'app:',
    'app:${NONE:-${SET}}': 'app:value',
    'app:${NONE:-${ALSO_NONE:-deep}-x}': 'app:deep-x',
    'app:${SET:-${NONE}}': 'app:value',
    'app:${NONE:-a:b/c}': 'app:a:b/c',
    a$$b: 'a$b',
    'a$${SET}': 'a${SET}',
    'a}b': 'a}b',
  };
  for (const [text, filledIn] of Object.entries(cases)) {
    test(`${text} comes to ${filledIn}`, () => {
      assert.equal(interpolate(text, environment), filledIn);
    });
  }
});

describe('what has no value is told by name', () => {
  const cases: Readonly<Record<string, RegExp>> = {
    'app:$NONE': /NONE is not set/,
    'app:${NONE}': /NONE is not set/,
    'app:${NONE:?set it to a tag}': /NONE is needed: set it to a tag/,
    'app:${EMPTY:?}': /EMPTY is needed$/,
    'app:${NONE:-$OTHER}': /OTHER is not set/,
    'app:$constructor': /constructor is not set/,
  };
  for (const [text, message] of Object.entries(cases)) {
    test(text, () => {
      assert.throws(() => interpolate(text, environment), { name: 'InterpolationError', message });
    });
  }
});

describe('what begins no variable is malformed', () => {
  for (const text of [
    '$',
    'a$5',
    '${',
    '${}',
    '${SET',
    '${SET:}',
    '${SET:-x',
    '${S T}',
    '${SET=1}',
  ]) {
    test(text, () => {
      assert.throws(() => interpolate(text, environment), InterpolationError);
    });
  }
});

test('braces within braces have an end', () => {
  assert.throws(() => interpolate('${A:-'.repeat(100_000), environment), InterpolationError);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentName, formatSettingPath, valueAt } from '../../src/config/settingPath.ts';

test('a path is written with dots for keys and brackets for indexes', () => {
  assert.equal(formatSettingPath(['upstreams', 0, 'tagFreshness']), 'upstreams[0].tagFreshness');
  assert.equal(formatSettingPath([]), '');
});

test('the environment’s name of a setting is its path in upper snake case', () => {
  assert.equal(environmentName(['storage', 'maxSize']), 'PULLTHROUGH_STORAGE_MAX_SIZE');
  assert.equal(environmentName(['listen']), 'PULLTHROUGH_LISTEN');
});

test('a path that leads nowhere leads to undefined', () => {
  assert.equal(valueAt({ a: [{ b: 1 }] }, ['a', 0, 'b']), 1);
  assert.equal(valueAt({ a: null }, ['a', 'b']), undefined);
  assert.equal(valueAt('text', ['length', 'x']), undefined);
});

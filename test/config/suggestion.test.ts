import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean, nearestName } from '../../src/config/suggestion.ts';

const known = ['maxSize', 'minFree', 'memory', 'directory'];

test('the nearest known name is suggested', () => {
  assert.equal(nearestName('maxSise', known), 'maxSize');
  assert.equal(nearestName('dirctory', known), 'directory');
});

test('case and separators make no distance', () => {
  assert.equal(nearestName('MAX_SIZE', known), 'maxSize');
  assert.equal(nearestName('min-free', known), 'minFree');
});

test('nothing is suggested where no name is near', () => {
  assert.equal(nearestName('colour', known), undefined);
  assert.equal(didYouMean(undefined), '');
});

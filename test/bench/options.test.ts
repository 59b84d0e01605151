import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultBaseline, parseOptions } from './options.ts';
import type { Trial } from './trial.ts';

const trial = (name: string, quick: boolean): Trial => ({
  name,
  needs: [],
  quick,
  run: async () => [],
});
const trials = [trial('a', true), trial('b', false), trial('c', true)];

function names(...args: string[]): string[] {
  return parseOptions(args, trials).trials.map(({ name }) => name);
}

test('a run is of all trials, a quick one of the quick, and any of those that are named', () => {
  assert.deepEqual(names(), ['a', 'b', 'c']);
  assert.deepEqual(names('--quick'), ['a', 'c']);
  assert.deepEqual(names('--quick', '--only', 'b,a'), ['a', 'b']);
});

test('a trial that nobody knows is refused with those that there are', () => {
  assert.throws(() => names('--only', 'a,d'), /--only d: expected one or more of a, b, c/);
});

test('the number of rounds is that of the scale or the given one', () => {
  assert.equal(parseOptions(['--rounds', '7'], trials).scale.rounds, 7);
  assert.equal(parseOptions(['--quick'], trials).scale.rounds, 1);
  assert.throws(() => parseOptions(['--rounds', '0'], trials), /expected a whole number from 1/);
});

test('the baseline need not be named', () => {
  assert.equal(parseOptions(['--compare'], trials).compare, defaultBaseline);
  assert.equal(parseOptions(['--compare', '--quick'], trials).compare, defaultBaseline);
  assert.equal(parseOptions(['--compare', 'x.json', '--quick'], trials).compare, 'x.json');
  assert.equal(parseOptions(['--write-baseline'], trials).writeBaseline, defaultBaseline);
  assert.equal(parseOptions([], trials).compare, undefined);
});

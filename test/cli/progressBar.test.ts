import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressBars, progressText } from '../../src/cli/progressBar.ts';

const row = { label: 'alpine:3.20', done: 50, total: 200 };

test('what there is no room for is left out, the least telling first', () => {
  const whole = { ...row, rate: 10, note: 'resumed' };
  const shown = [120, 75, 67, 57, 35, 10].map((columns) => progressBars([whole], columns)[0] ?? '');
  const has = (part: string) => shown.map((text) => text.includes(part));
  assert.deepEqual(has('resumed'), [true, false, false, false, false, false]);
  assert.deepEqual(has('left'), [true, true, false, false, false, false]);
  assert.deepEqual(has('B/s'), [true, true, true, false, false, false]);
  assert.deepEqual(has('25 %'), [true, true, true, true, true, false]);
});

test('of a name that is too long the end is shown', () => {
  const [text] = progressBars([{ ...row, label: 'registry.example/team/alpine:3.20' }], 40);
  assert.match(text ?? '', /^\.\.\S*alpine:3\.20 /);
});

test('100 % is all of it', () => {
  assert.match(progressText({ ...row, done: 199.9 }), /99 %/);
  assert.match(progressText({ ...row, done: 200 }), /100 %/);
});

test('what has grown beyond its size is at 100 %', () => {
  assert.match(progressText({ ...row, done: 300 }), /100 %/);
});

test('of unknown size only the bytes are told', () => {
  assert.equal(progressText({ ...row, total: 0 }), 'alpine:3.20 50 B');
});

test('what stands still has no time left', () => {
  assert.equal(progressText({ ...row, rate: 0 }), 'alpine:3.20 25 %, 50 B of 200 B, 0 B/s');
});

test('a name cannot move the cursor', () => {
  const hostile = { ...row, label: 'a\u001B[2Jb', note: '\r' };
  for (const text of [progressText(hostile), ...progressBars([hostile], 100)]) {
    assert.doesNotMatch(text, /\p{Cc}/u);
  }
});

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { createProgress, type ProgressStream } from '../../src/cli/progress.ts';
import { manualClock } from '../support/manualClock.ts';

const eraseLine = '\u001B[2K';
const row = { label: 'alpine', done: 1024, total: 4096, rate: 1024 };

/** Something to write to that keeps what was written, each write by itself. */
function recorded(terminal?: { columns: number; rows: number }) {
  const writes: string[] = [];
  const stream: ProgressStream = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      writes.push(text);
      done();
    },
  });
  return { stream: Object.assign(stream, terminal && { isTTY: true, ...terminal }), writes };
}

function hasEscapes(texts: readonly string[]): boolean {
  return texts.join('').includes('\u001B');
}

test('a terminal gets a bar with bytes, rate and time left', () => {
  const { stream, writes } = recorded({ columns: 100, rows: 24 });
  createProgress(stream, manualClock()).update([row]);
  const shown = stripVTControlCharacters(writes.join(''));
  assert.match(shown, /alpine +\[#+\.+\] +25 % +1\.0 KiB \/ 4\.0 KiB +1\.0 KiB\/s +3s left/);
});

test('a terminal is drawn at most ten times a second', () => {
  const clock = manualClock();
  const { stream, writes } = recorded({ columns: 100, rows: 24 });
  const progress = createProgress(stream, clock);
  for (let step = 0; step < 1000; step += 1) {
    progress.update([{ ...row, done: step }]);
    clock.advance(1);
  }
  assert.equal(writes.length, 10);
});

test('no line of a terminal is as long as it is wide, however narrow that is', () => {
  for (let columns = 1; columns <= 120; columns += 1) {
    const { stream, writes } = recorded({ columns, rows: 24 });
    createProgress(stream, manualClock()).update([row, { ...row, label: 'acme/'.repeat(50) }]);
    const lines = stripVTControlCharacters(writes.join('')).split('\n');
    assert.ok(Math.max(...lines.map(({ length }) => length)) <= Math.max(columns - 1, 1));
  }
});

test('a terminal that has no size is taken for one of the usual size', () => {
  const { stream, writes } = recorded({ columns: 0, rows: 0 });
  createProgress(stream, manualClock()).update([row]);
  assert.match(stripVTControlCharacters(writes.join('')), /alpine.* 25 %/);
});

test('lines stay above the bars, which are gone at the end', () => {
  const { stream, writes } = recorded({ columns: 100, rows: 24 });
  const progress = createProgress(stream, manualClock());
  progress.update([row]);
  progress.line('warmed busybox');
  progress.stop();
  const [bar, erased, line, barAgain, end] = writes;
  assert.match(bar ?? '', /alpine/);
  assert.ok(erased?.includes(eraseLine));
  assert.equal(line, 'warmed busybox\n');
  assert.match(barAgain ?? '', /alpine/);
  assert.ok(end?.includes(eraseLine));
  assert.equal(stripVTControlCharacters(end ?? '').trim(), '');
});

test('elsewhere there are plain lines, of work under way one in ten seconds', () => {
  const clock = manualClock();
  const { stream, writes } = recorded();
  const progress = createProgress(stream, clock);
  for (let second = 0; second < 25; second += 1) {
    progress.update([row, { ...row, label: 'busybox' }]);
    clock.advance(1000);
  }
  progress.line('warmed alpine');
  progress.stop();
  const under = '25 %, 1.0 KiB of 4.0 KiB, 1.0 KiB/s, 3s left';
  const both = `alpine ${under}; busybox ${under}\n`;
  assert.deepEqual(writes, [both, both, 'warmed alpine\n']);
  assert.equal(hasEscapes(writes), false);
});

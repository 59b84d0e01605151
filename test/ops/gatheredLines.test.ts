import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GatheredLines } from '../../src/ops/gatheredLines.ts';

function gather(): { lines: GatheredLines; written: string[] } {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  return { lines: new GatheredLines({ write }), written };
}

describe('gathered lines', () => {
  test('are written once, in their order, when the turn of the event loop ends', async () => {
    const { lines, written } = gather();
    lines.write('one\n');
    lines.write('two\n');
    assert.deepEqual(written, []);
    await nextTurn();
    lines.write('three\n');
    await nextTurn();
    assert.deepEqual(written, ['one\ntwo\n', 'three\n']);
  });

  test('are written at once by a flush, and not again', async () => {
    const { lines, written } = gather();
    lines.write('last words\n');
    lines.flush();
    lines.flush();
    await nextTurn();
    assert.deepEqual(written, ['last words\n']);
  });

  test('never wait for the end of a turn that writes a great many', () => {
    const { lines, written } = gather();
    const line = `${'x'.repeat(999)}\n`;
    for (let i = 0; i < 1000; i += 1) lines.write(line);
    assert.ok(written.join('').length > 900_000);
  });
});

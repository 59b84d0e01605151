import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { watch } from '../../src/cli/statsWatch.ts';

/** What is written until the third look, at which a signal comes. */
async function watched(isTTY: boolean, blocks: readonly string[][]): Promise<string> {
  const signals = new EventEmitter();
  const stdout = Object.assign(new PassThrough(), { isTTY });
  let looks = 0;
  const read = async (): Promise<readonly string[]> => {
    const lines = blocks[looks];
    looks += 1;
    if (looks === blocks.length) signals.emit('SIGINT');
    return lines ?? assert.fail('it looked again after the signal');
  };
  await watch({ signals, stdout, interval: 1, read });
  assert.equal(looks, blocks.length);
  assert.deepEqual(signals.eventNames(), []);
  return text(stdout.end());
}

describe('a watch', () => {
  test('writes one block after the other where there is no terminal, until a signal', async () => {
    assert.equal(await watched(false, [['a', 'b'], ['c'], ['d', 'e']]), 'a\nb\nc\n\nd\ne\n');
  });

  test('paints over a terminal, which it clears once', async () => {
    const written = await watched(true, [['a', 'b'], ['c']]);
    assert.equal(
      written,
      '\u001B[2J\u001B[Ha\u001B[K\nb\u001B[K\n\u001B[J\u001B[Hc\u001B[K\n\u001B[J',
    );
  });

  test('gives up a look that a signal finds under way', async () => {
    const signals = new EventEmitter();
    const stdout = new PassThrough();
    const read = (signal: AbortSignal): Promise<readonly string[]> => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      signals.emit('SIGTERM');
      return promise;
    };
    await watch({ signals, stdout, interval: 1, read });
    assert.equal(await text(stdout.end()), '');
  });

  test('ends with the error of a look', async () => {
    const signals = new EventEmitter();
    const read = (): Promise<never> => {
      assert.deepEqual(signals.eventNames(), ['SIGTERM', 'SIGINT']);
      return Promise.reject(new Error('gone'));
    };
    const options = { signals, stdout: new PassThrough(), interval: 1, read };
    await assert.rejects(watch(options), /gone/);
    assert.deepEqual(signals.eventNames(), []);
  });

  test('ends when nobody reads any more', async () => {
    const stdout = new PassThrough();
    const read = async (): Promise<readonly string[]> => {
      assert.ok(!stdout.destroyed, 'it looked again');
      stdout.destroy(new Error('EPIPE'));
      return ['a'];
    };
    await watch({ signals: new EventEmitter(), stdout, interval: 1, read });
    assert.ok(stdout.destroyed);
  });
});

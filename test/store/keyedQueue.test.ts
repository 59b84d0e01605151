import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { KeyedQueue } from '../../src/store/keyedQueue.ts';

test('work for one key is done in the order asked, one after the other', async () => {
  const queue = new KeyedQueue<string>();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  const first = queue.run('key', async () => {
    log.push('first begins');
    await gate.promise;
    log.push('first ends');
  });
  const second = queue.run('key', async () => log.push('second'));
  await queue.run('other', async () => log.push('other'));
  gate.resolve();
  await Promise.all([first, second]);
  assert.deepEqual(log, ['first begins', 'other', 'first ends', 'second']);
});

test('work that fails tells its caller and does not keep the next from its turn', async () => {
  const queue = new KeyedQueue<string>();
  const fault = new Error('it broke');
  const first = queue.run('key', () => Promise.reject(fault));
  const second = queue.run('key', () => Promise.resolve('done'));
  await assert.rejects(first, fault);
  assert.equal(await second, 'done');
});

test('it is idle when all work is done, what was asked meanwhile and what failed included', async () => {
  const queue = new KeyedQueue<string>();
  const done: string[] = [];
  const failing = queue.run('key', () => Promise.reject(new Error('it broke')));
  void queue.run('key', async () => {
    done.push('first');
    void queue.run('other', async () => {
      await nextTurn();
      done.push('second');
    });
  });
  await queue.idle();
  assert.deepEqual(done, ['first', 'second']);
  await assert.rejects(failing);
});

test('work for many keys waits for what was asked for any of them, and others for it', async () => {
  const queue = new KeyedQueue<string>();
  const gate = Promise.withResolvers<void>();
  const log: string[] = [];
  void queue.run('a', () => gate.promise);
  void queue.run('b', () => Promise.reject(new Error('it broke'))).catch(() => {});
  const both = queue.runAll(['a', 'b'], async () => log.push('both'));
  const after = queue.run('b', async () => log.push('after'));
  await queue.run('c', async () => log.push('other'));
  await nextTurn();
  gate.resolve();
  await Promise.all([both, after]);
  assert.deepEqual(log, ['other', 'both', 'after']);
  await queue.idle();
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { runUntilSignalled, type LifecycleOptions } from '../../src/cli/lifecycle.ts';

interface Watched {
  readonly options: LifecycleOptions;
  readonly signals: EventEmitter;
  readonly lines: string[];
  readonly exits: number[];
}

function watched(shutdownTimeout: number, now: () => number = manualClock()): Watched {
  const signals = new EventEmitter();
  const lines: string[] = [];
  const exits: number[] = [];
  const options: LifecycleOptions = {
    signals,
    shutdownTimeout,
    report: (line) => lines.push(line),
    now,
    exit: (code) => exits.push(code),
  };
  return { options, signals, lines, exits };
}

const never = new Promise<never>(() => {});

describe('what runs until a signal', () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    test(`is stopped by ${signal}, and that is a success`, async () => {
      const { options, signals, lines, exits } = watched(60_000);
      let stops = 0;
      const start = async () => ({
        stop: async () => {
          stops += 1;
        },
      });
      const result = runUntilSignalled(start, options);
      signals.emit(signal, signal);
      assert.equal(await result, 0);
      assert.deepEqual([stops, lines, exits], [1, [], []]);
    });
  }

  test('fails with a line when stopping takes longer than it may', async () => {
    const { options, signals, lines } = watched(1);
    const result = runUntilSignalled(async () => ({ stop: () => never }), options);
    signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await result, 1);
    assert.deepEqual(lines, [
      'not everything could be finished within shutdownTimeout: the rest is cut off',
    ]);
  });

  test('may take longer to stop than timers can be set for', async (t) => {
    const { options, signals } = watched(2 ** 40);
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    t.after(() => process.off('warning', onWarning));
    // Node warns, a tick later, of a timer that it can't set and fires at once.
    const result = runUntilSignalled(async () => ({ stop: () => setImmediate() }), options);
    signals.emit('SIGTERM', 'SIGTERM');
    assert.equal(await result, 0);
    assert.deepEqual(warnings, []);
  });

  test('is left at once by a second signal, whichever it is', async () => {
    const { options, signals, exits } = watched(60_000);
    const stopping = Promise.withResolvers<void>();
    const finished = Promise.withResolvers<void>();
    const stop = (): Promise<void> => {
      stopping.resolve();
      return finished.promise;
    };
    const result = runUntilSignalled(async () => ({ stop }), options);
    signals.emit('SIGTERM', 'SIGTERM');
    await stopping.promise;
    assert.deepEqual(exits, []);
    signals.emit('SIGINT', 'SIGINT');
    assert.deepEqual(exits, [1]);
    finished.resolve();
    await result;
  });

  test('is not left by a signal that npm passes on after the terminal sent it, but by a later one', async () => {
    const clock = manualClock();
    const { options, signals, exits } = watched(60_000, clock);
    const finished = Promise.withResolvers<void>();
    const result = runUntilSignalled(async () => ({ stop: () => finished.promise }), options);
    signals.emit('SIGINT', 'SIGINT');
    clock.advance(10);
    signals.emit('SIGINT', 'SIGINT');
    assert.deepEqual(exits, []);
    clock.advance(490);
    signals.emit('SIGINT', 'SIGINT');
    assert.deepEqual(exits, [1]);
    finished.resolve();
    await result;
  });

  test('is stopped after its start when the signal came during the start', async () => {
    const { options, signals } = watched(60_000);
    const started = Promise.withResolvers<{ stop: () => Promise<void> }>();
    const result = runUntilSignalled(() => started.promise, options);
    signals.emit('SIGTERM', 'SIGTERM');
    started.resolve({ stop: async () => {} });
    assert.equal(await result, 0);
  });

  test('rejects with what its start failed of', async () => {
    const { options } = watched(60_000);
    const start = Promise.reject(new Error('no port'));
    await assert.rejects(
      runUntilSignalled(() => start, options),
      /no port/,
    );
  });

  test('listens to signals no longer than it runs', async () => {
    const { options, signals } = watched(60_000);
    const result = runUntilSignalled(async () => ({ stop: async () => {} }), options);
    assert.equal(signals.listenerCount('SIGTERM'), 1);
    signals.emit('SIGTERM', 'SIGTERM');
    await result;
    assert.equal(signals.listenerCount('SIGTERM') + signals.listenerCount('SIGINT'), 0);
  });
});

describe('a process', { timeout: 60_000 }, () => {
  const script = fileURLToPath(new URL('lifecycleProcess.ts', import.meta.url));

  /** Starts the script and waits for its first line: then it heeds signals. */
  async function startScript(t: Lifetime, behaviour: string) {
    const child = spawn(process.execPath, [script, behaviour], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    return child;
  }

  test('stops in order on the first real signal', async (t) => {
    const child = await startScript(t, 'stops');
    child.kill('SIGTERM');
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  test('exits with 1 on the second real signal', async (t) => {
    const child = await startScript(t, 'hangs');
    child.kill('SIGTERM');
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    assert.deepEqual(await once(child, 'exit'), [1, null]);
  });
});

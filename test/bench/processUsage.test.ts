import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { cpuTicks, peakMemory } from './processUsage.ts';

test("a process's CPU time is found behind a name with brackets and spaces", () => {
  const stat = `42 (a) b (c)) S 1 ${'0 '.repeat(9)}17 4 3 2 20 0`;
  assert.deepEqual(cpuTicks(stat), [17, 4, 3, 2]);
});

test('what a process has started is counted with it', async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 60 & echo started; wait'], { detached: true });
  // The whole group: the shell would leave its child behind.
  t.after(() => process.kill(-(parent.pid ?? 0)));
  await once(parent.stdout, 'data');
  const alone = spawn('sleep', ['60']);
  t.after(() => alone.kill());
  await once(alone, 'spawn');
  const [both, one] = [await peakMemory(parent.pid ?? 0), await peakMemory(alone.pid ?? 0)];
  assert.ok(both > one, `${both} of a shell and its child, ${one} of such a child alone`);
});

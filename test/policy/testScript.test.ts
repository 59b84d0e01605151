import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { folderOf } from '../support/batch.ts';

const root = join(import.meta.dirname, '..', '..');

async function filesOf(pattern: string): Promise<string[]> {
  return (await Array.fromAsync(glob(pattern, { cwd: root }))).toSorted();
}

test('npm test runs every test file once, but those that need other programs', async () => {
  const text = await readFile(join(root, 'package.json'), 'utf8');
  const { scripts } = JSON.parse(text) as { scripts: { test: string } };
  const patterns = [...scripts.test.matchAll(/'([^']+)'/g)].map(([, pattern = '']) => pattern);
  const named = (await Promise.all(patterns.map(filesOf))).flat();
  const batches = await filesOf('test/batches/*.ts');
  assert.deepEqual(named.filter((file) => !file.endsWith('.test.ts')).toSorted(), batches);
  const folders = new Set(batches.map(folderOf));
  const loaded = await Promise.all(
    [...folders].map((name) => filesOf(`test/${name}/**/*.test.ts`)),
  );
  const run = [...named.filter((file) => file.endsWith('.test.ts')), ...loaded.flat()];
  const all = (await filesOf('test/**/*.test.ts')).filter((file) => !file.startsWith('test/e2e/'));
  assert.deepEqual(run.toSorted(), all);
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from './temporaryDirectory.ts';

test('a temporary directory is empty, and gone with what it holds when its test ends', async (t) => {
  let path = '';
  await t.test('uses one', async (inner) => {
    path = await temporaryDirectory(inner);
    assert.deepEqual(await readdir(path), []);
    await writeFile(join(path, 'file'), 'content');
  });
  assert.equal(existsSync(path), false);
});

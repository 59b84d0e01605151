import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';

const sources = new URL('../../src/', import.meta.url);

test('every folder of src declares that it holds ES modules, as the package itself must not', async () => {
  const entries = await readdir(sources, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  assert.ok(folders.includes('cli'));
  for (const folder of folders) {
    const text = await readFile(new URL(`${folder}/package.json`, sources), 'utf8');
    assert.deepEqual(JSON.parse(text), { type: 'module' }, folder);
  }
  const own = await readFile(new URL('../package.json', sources), 'utf8');
  assert.equal((JSON.parse(own) as { type?: string }).type, undefined);
});

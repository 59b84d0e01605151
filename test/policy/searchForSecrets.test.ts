import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const script = fileURLToPath(new URL('searchForSecrets.ts', import.meta.url));

async function search(t: TestContext, ...texts: readonly string[]) {
  const directory = await temporaryDirectory(t);
  const files = texts.map((_, index) => join(directory, `output-${index}`));
  for (const [index, file] of files.entries()) await writeFile(file, texts[index] ?? '');
  const { status, stderr } = spawnSync(process.execPath, [script, ...files], { encoding: 'utf8' });
  return { status, stderr: stderr.replaceAll(`${directory}/`, '') };
}

test('the search of what the tests printed tells each line with a secret', async (t) => {
  const secret = markedSecret('dckr_pat_mona');
  const basic = Buffer.from(`mona:${secret}`).toString('base64');
  const { status, stderr } = await search(t, 'one\ntwo', `one\nBasic ${basic}\nBearer ${secret}`);
  assert.equal(status, 1);
  const places = [`line 2: Basic ${basic}`, `line 3: Bearer ${secret}`];
  assert.equal(stderr, `a secret shows in output-1:\n${places.join('\n')}\n`);
});

test('the search of what the tests printed is content with a text that only speaks of secrets', async (t) => {
  const text = '✔ a password of mona is shown to nobody: dckr_pat_, Bearer, Basic\n';
  assert.deepEqual(await search(t, text), { status: 0, stderr: '' });
});

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { assertReadsLongTexts, assertTakesAnyText, parsers } from './parsers.ts';

for (const [name, parser] of Object.entries(parsers)) {
  describe(name, () => {
    test('takes any text without an error but its own', () => assertTakesAnyText(parser));

    // The trial tries more of them.
    test('gets to the end of a very long one', () => assertReadsLongTexts(parser, 5));
  });
}

test('every parser of a text is among these', async () => {
  const elsewhere = new Set([
    'readConfigurationFile',
    'readTokenFiles',
    'readDockerHubAccount',
    'readHtpasswdUsers',
  ]);
  const found = new Set<string>();
  for (const folder of ['registry', 'config', 'http']) {
    const directory = new URL(`../../src/${folder}/`, import.meta.url);
    for (const file of await readdir(directory)) {
      if (!file.endsWith('.ts')) continue;
      const module = (await import(new URL(file, directory).href)) as Record<string, unknown>;
      for (const name of Object.keys(module)) {
        if (/^(?:parse|read|select|guess|next)[A-Z]/.test(name)) found.add(name);
      }
    }
  }
  assert.ok(found.size > 15);
  const missing = [...found].filter((name) => parsers[name] === undefined && !elsewhere.has(name));
  assert.deepEqual(missing, []);
});

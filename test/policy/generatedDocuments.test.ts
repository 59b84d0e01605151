import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  currentReadme,
  currentSchema,
  readmeFile,
  regenerate,
  schemaFile,
} from './generatedDocuments.ts';

test('the README’s generated sections are those that the program generates', async () => {
  const readme = await readFile(readmeFile, 'utf8');
  assert.ok(readme === (await currentReadme(readme)), `to bring it up to date: ${regenerate}`);
});

test('the editors’ schema is the one that the table of settings gives', async () => {
  const schema = await readFile(schemaFile, 'utf8');
  assert.equal(schema, await currentSchema(), `to bring it up to date: ${regenerate}`);
});

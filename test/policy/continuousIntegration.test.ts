import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { debianPackages } from '../e2e/support/requireProgram.ts';

test('.ci/run installs the package of every program that an end-to-end test needs', async () => {
  const script = await readFile(new URL('../../.ci/run', import.meta.url), 'utf8');
  const installed = new Set([...script.matchAll(/^ {2}\S+=(\S+)$/gm)].map(([, name]) => name));
  for (const name of new Set(Object.values(debianPackages)))
    assert.ok(installed.has(name), `${name} is not in .ci/run`);
});

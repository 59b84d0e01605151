import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { compileFunction } from 'node:vm';
import { mainFile, runNode } from './runCli.ts';

/** Node's arguments to run the program as if Node had this version. */
function asNode(version: string): readonly string[] {
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } });`;
  return ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, mainFile, 'help'];
}

for (const version of ['18.19.0', '20.20.2', '22.22.0', '24.11.1']) {
  test(`Node ${version} is told in one line which Node it takes`, async (t) => {
    assert.deepEqual(await runNode(t, asNode(version)), {
      code: 2,
      stdout: '',
      stderr: `pullthrough needs Node 24.12 or newer, and this is Node ${version}\n`,
    });
  });
}

for (const version of ['24.12.0', '25.0.0', '26.0.0', '100.0.0']) {
  test(`Node ${version} is let through`, async (t) => {
    assert.equal((await runNode(t, asNode(version))).code, 0);
  });
}

test('the entry is JavaScript in CommonJS, which a Node that knows no TypeScript can read', async () => {
  const [shebang, ...lines] = (await readFile(mainFile, 'utf8')).split('\n');
  assert.equal(shebang, '#!/usr/bin/env node');
  assert.equal(typeof compileFunction(lines.join('\n')), 'function');
});

test('the entry can be executed, as package.json’s bin needs it', async () => {
  await access(mainFile, constants.X_OK);
});

import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';

const skip = unlessInstalled(['promtool']);
const folder = fileURLToPath(new URL('../../config/prometheus/', import.meta.url));
const promtool = (...args: string[]) => runCommand('promtool', args, { directory: folder });

test('promtool takes the example of a configuration with its rules', { skip }, async () => {
  assert.match(await promtool('check', 'config', 'prometheus.yml'), /2 rule files found/);
});

test('promtool finds no fault with the rules, nor a rule twice', { skip }, async () => {
  await promtool('check', 'rules', '--lint=all', '--lint-fatal', 'rules.yml', 'alerts.yml');
});

test('the rules and alerts do in every case what is expected of them', { skip }, async () => {
  const files = (await readdir(`${folder}/tests`)).map((name) => `tests/${name}`);
  assert.deepEqual(files.toSorted(), ['tests/alerts.yml', 'tests/rules.yml']);
  await promtool('test', 'rules', ...files);
});

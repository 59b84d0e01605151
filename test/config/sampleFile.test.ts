import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { settingRows } from '../../src/config/settingRows.ts';
import { loadFrom } from './loadFrom.ts';

// It is read by whoever starts the program in a checkout: it must not change a thing.
const file = fileURLToPath(new URL('../../config/pullthrough.yaml', import.meta.url));

/** The settings that have no default, or stand in a list that is empty by default. */
const onlyMentioned =
  /(?:accounts|tagRules|deny|^warm|namespaces|groups|rules)\[\]|\.allow\.|^ops\.t|^tls\.|^accelR|htpasswd/;

test('config/pullthrough.yaml has the defaults', () => {
  assert.deepEqual(loadFrom({ file }).configuration, loadFrom({}).configuration);
});

test('config/pullthrough.yaml sets every setting that has a default', () => {
  const inForce = loadFrom({ file }).effective;
  const unset = inForce.filter(({ source }) => source === 'default');
  assert.deepEqual(unset, []);
  const keys = new Set(inForce.map(({ key }) => key.replaceAll(/\[\d+\]/g, '[]')));
  const shown = settingRows().filter(({ key }) => key !== 'upstreams' && !onlyMentioned.test(key));
  assert.deepEqual(
    shown.filter(({ key }) => !keys.has(key)).map(({ key }) => key),
    [],
  );
});

test('config/pullthrough.yaml mentions the settings that have no default, or stand in a list', async () => {
  const text = await readFile(file, 'utf8');
  const inLists = settingRows().filter(({ key }) =>
    /accounts\[\]|tagRules\[\]|^warm\[\]|^ops\.token|^tls\.|^accelR/.test(key),
  );
  const names = inLists.map(({ path }) => `${path.at(-1)}:`);
  assert.ok(names.length > 8);
  for (const name of names) assert.match(text, new RegExp(`# .*${name} `), name);
});

test('config/pullthrough.yaml names its schema to editors', async () => {
  const [line = ''] = (await readFile(file, 'utf8')).split('\n');
  const [, schema = ''] = /^# yaml-language-server: \$schema=(\S+)$/.exec(line) ?? [];
  const path = new URL(schema, new URL('../../config/', import.meta.url));
  assert.equal((JSON.parse(await readFile(path, 'utf8')) as { type: string }).type, 'object');
});

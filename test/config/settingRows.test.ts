import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingRows } from '../../src/config/settingRows.ts';
import { settingsTable } from '../policy/settingsTable.ts';

const rows = settingRows();

test('every setting is described', () => {
  assert.deepEqual(
    rows.filter(({ description }) => description === ''),
    [],
  );
});

test('every setting outside of a list has a name in the environment of its own', () => {
  const names = rows.flatMap(({ key, environment }) => (key.includes('[]') ? [] : [environment]));
  assert.ok(names.every((name) => name?.startsWith('PULLTHROUGH_')));
  assert.equal(new Set(names).size, names.length);
});

test('the flags are those of serve', () => {
  const flags = rows.flatMap(({ key, flag }) => (flag === undefined ? [] : [[flag.name, key]]));
  assert.deepEqual(Object.fromEntries(flags), {
    listen: 'listen',
    'ops-listen': 'ops.listen',
    data: 'storage.directory',
    offline: 'offline',
    'log-level': 'log.level',
  });
});

test('tokens are secret, and so is what holds them', () => {
  const secrets = rows.filter(({ secret }) => secret).map(({ key }) => key);
  assert.deepEqual(secrets, [
    'ops.token',
    'upstreams',
    'upstreams[].accounts',
    'upstreams[].accounts[].token',
    'upstreams[].accounts[].tokenCommand',
  ]);
});

test('the table has a row for each setting, with its names and its default', () => {
  const lines = settingsTable().split('\n');
  assert.equal(lines.length, rows.length + 2);
  assert.ok(
    lines.some((line) =>
      line.startsWith(
        '| `storage.directory` | `PULLTHROUGH_STORAGE_DIRECTORY`, `--data` | `./data` | ',
      ),
    ),
  );
});

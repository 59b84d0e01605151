import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingRows } from '../../src/config/settingRows.ts';
import { fileWith, loadFrom, problemsFrom, token } from './loadFrom.ts';

test('shares are read in percent, and shown as they were written', async (t) => {
  const { configuration, effective } = loadFrom({
    file: await fileWith(t, 'storage:\n  highWater: 97.5%\n  lowWater: 80%\n'),
  });
  assert.deepEqual([configuration.storage.highWater, configuration.storage.lowWater], [0.975, 0.8]);
  const shown = effective.find(({ key }) => key === 'storage.highWater');
  assert.equal(shown?.value, '97.5%');
});

test('a time of 0 means that nothing is idle for too long, and that nothing is scrubbed', () => {
  const environment = {
    PULLTHROUGH_STORAGE_MAX_IDLE: '0',
    PULLTHROUGH_STORAGE_SCRUB_INTERVAL: '0',
  };
  const { storage } = loadFrom({ environment }).configuration;
  assert.deepEqual([storage.maxIdle, storage.scrubInterval], [undefined, undefined]);
  const set = { PULLTHROUGH_STORAGE_MAX_IDLE: '30d' };
  assert.equal(loadFrom({ environment: set }).configuration.storage.maxIdle, 30 * 86_400_000);
});

test('lists of patterns and of images to be warmed are taken from the environment too', () => {
  const environment = {
    PULLTHROUGH_STORAGE_PIN: '["library/alpine", "acme/**:v[0-9]*"]',
    PULLTHROUGH_WARM: '[{images: [alpine], schedule: "@daily"}]',
  };
  const { storage, warm } = loadFrom({ environment }).configuration;
  assert.deepEqual(storage.pin, ['library/alpine', 'acme/**:v[0-9]*']);
  assert.deepEqual(warm, [{ images: ['alpine'], platforms: [], schedule: '@daily' }]);
});

test('the token of the ops endpoints comes from the file or the environment, itself or in a file', async (t) => {
  const path = await fileWith(t, `${token}\n`);
  const sources = [
    { file: await fileWith(t, `ops:\n  token: ${token}\n`) },
    { file: await fileWith(t, `ops:\n  tokenFile: ${path}\n`) },
    { environment: { PULLTHROUGH_OPS_TOKEN: token } },
    { environment: { PULLTHROUGH_OPS_TOKEN_FILE: path } },
  ];
  for (const source of sources) {
    assert.equal(loadFrom(source).configuration.ops.token?.reveal(), token);
  }
  assert.equal(loadFrom({}).configuration.ops.token, undefined);
});

test('a token given in two ways is a problem, and so is a file without one', async (t) => {
  const path = await fileWith(t, '\n');
  const both = problemsFrom({
    file: await fileWith(t, `ops:\n  token: a\n  tokenFile: ${path}\n`),
  });
  assert.ok(both.some((line) => line.includes('expected either token or tokenFile, not both')));
  const [empty = ''] = problemsFrom({ environment: { PULLTHROUGH_OPS_TOKEN_FILE: path } });
  assert.match(empty, /^PULLTHROUGH_OPS_TOKEN_FILE: ops\.tokenFile: expected a token in the file/);
});

test('a token that no header can carry is a problem, and not shown', () => {
  const [line = ''] = problemsFrom({ environment: { PULLTHROUGH_OPS_TOKEN: `${token} ü` } });
  assert.match(line, /^PULLTHROUGH_OPS_TOKEN: ops\.token: expected a token of printable ASCII/);
});

test('no two settings have a variable in common', () => {
  const names = settingRows().flatMap(({ environment }) => environment ?? []);
  assert.deepEqual(names, [...new Set(names)]);
});

const wrong: readonly (readonly [string, RegExp])[] = [
  ['storage:\n  highWater: 0.9', /highWater: expected a share such as 90% or 97\.5%, got 0\.9$/],
  ['storage:\n  highWater: 101%', /highWater: expected a share such as 90% .*, got "101%"$/],
  ['storage:\n  lowWater: 0%', /lowWater: expected a share such as 90% .*, got "0%"$/],
  ['storage:\n  lowWater: 96%', /lowWater: expected no more than storage\.highWater, got "96%"$/],
  ['storage:\n  pin: alpine', /storage\.pin: expected a list of image patterns, got/],
  ['storage:\n  pin: ["a b"]', /storage\.pin\[0\]: expected a pattern of images such as .*"a b"$/],
  ['warm:\n  - images: []\n    schedule: "@daily"', /warm\[0\]\.images: expected a list of image/],
  ['warm:\n  - images: [a]', /warm\[0\]\.schedule: expected times as cron has them/],
  [
    'warm:\n  - images: [A]\n    schedule: "@daily"',
    /warm\[0\]\.images\[0\]: expected the name of an image such as .*, got "A"$/,
  ],
  [
    'warm:\n  - images: [a]\n    schedule: "61 * * * *"',
    /warm\[0\]\.schedule: expected times as cron has them, such as "0 5 \* \* 1-5" or @daily, got/,
  ],
  [
    'warm:\n  - images: [a]\n    platforms: [linux]\n    schedule: "@daily"',
    /warm\[0\]\.platforms\[0\]: expected a platform such as linux\/amd64 .*, got "linux"$/,
  ],
];

for (const [text, problem] of wrong) {
  test(`${JSON.stringify(text)} is told to be wrong`, async (t) => {
    const [first = '', ...others] = problemsFrom({ file: await fileWith(t, text) });
    assert.deepEqual(others, []);
    assert.match(first, problem);
  });
}

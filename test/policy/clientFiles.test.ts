import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';

const folder = new URL('../../config/clients/', import.meta.url);
const read = async (path: string) => readFile(new URL(path, folder), 'utf8');

test('the files for dockerd are JSON with the keys that dockerd knows', async () => {
  assert.deepEqual(JSON.parse(await read('dockerd/daemon.json')), {
    'registry-mirrors': ['http://mirror.example:5000'],
    'insecure-registries': ['mirror.example:5000'],
  });
  assert.deepEqual(JSON.parse(await read('dockerd/daemon-tls.json')), {
    'registry-mirrors': ['https://mirror.example:5000'],
  });
});

test('the file for k3s is YAML that gives docker.io the mirror as its endpoint', async () => {
  assert.deepEqual(parse(await read('k3s/registries.yaml')), {
    mirrors: { 'docker.io': { endpoint: ['http://mirror.example:5000'] } },
  });
});

test('every client file says where it goes, what to change and what the client does with it', async () => {
  const paths = (await readdir(folder, { recursive: true })).filter((path) =>
    /\.(toml|conf|yaml)$/.test(path),
  );
  assert.equal(paths.length, 5);
  for (const path of paths) {
    const text = await read(path);
    for (const heading of [
      /^# Where it goes: /m,
      /^# What to change: /m,
      /^# What \S+( client)? does with it: /m,
    ])
      assert.match(text, heading, path);
  }
});

test('the overview names every client file', async () => {
  const overview = await read('README.md');
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const file of files) {
    if (file.isFile() && file.name !== 'README.md')
      assert.ok(overview.includes(`/${file.name})`), file.name);
  }
});

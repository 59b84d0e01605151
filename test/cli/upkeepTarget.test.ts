import assert from 'node:assert/strict';
import { access, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadConfiguration } from '../../src/config/loadConfiguration.ts';
import { startMirror } from '../../src/cli/mirrorServer.ts';
import { Store } from '../../src/store/store.ts';
import { startApi } from '../ops/apiServer.ts';
import { parseExposition, valueOf } from '../ops/exposition.ts';
import { scriptedUpkeep } from '../ops/scriptedUpkeep.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { fillBlob, openTestStore, uniqueBlob } from '../store/testStore.ts';
import { rot } from '../upkeep/verification/damage.ts';
import { runHere, type ProcessResult } from './runCli.ts';

interface Place {
  /** Of the store; nothing is there yet. */
  readonly directory: string;
  /** Runs a command whose configuration has this directory and these ops endpoints. */
  readonly run: (opsAddress: string, ...args: readonly string[]) => Promise<ProcessResult>;
}

const nowhere = '127.0.0.1:1';

async function place(t: Lifetime, more = ''): Promise<Place> {
  const parent = await temporaryDirectory(t);
  const directory = join(parent, 'data');
  const file = join(parent, 'mirror.yaml');
  return {
    directory,
    run: async (opsAddress, ...args) => {
      const ops = `ops:\n  listen: ${opsAddress}\n`;
      const storage = `storage:\n  directory: ${directory}\n  minFree: 0\n`;
      await writeFile(file, `${storage}${ops}${more}`);
      return runHere([...args, '--config', file]);
    },
  };
}

/** The mirror of a directory, within this process; its ops address. */
async function serve(
  t: Lifetime,
  directory: string,
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { configuration } = loadConfiguration({
    file: undefined,
    environment: {
      PULLTHROUGH_LISTEN: '127.0.0.1:0',
      PULLTHROUGH_OPS_LISTEN: '127.0.0.1:0',
      PULLTHROUGH_STORAGE_DIRECTORY: directory,
      PULLTHROUGH_LOG_LEVEL: 'silent',
      ...more,
    },
    flags: [],
  });
  const mirror = await startMirror(configuration, {});
  t.after(() => mirror.stop());
  return mirror.opsAddress;
}

async function makeStore(directory: string): Promise<void> {
  const options = { maxSize: undefined, minFree: 0, memory: 0, now: Date.now };
  const store = await Store.open(directory, { ...options, evicted: () => {}, failed: () => {} });
  await store.close();
}

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

describe('a command works on', () => {
  test('the store, when no mirror has it', async (t) => {
    const { directory, run } = await place(t);
    await makeStore(directory);
    const { code, stdout, stderr } = await run(nowhere, 'du', '--json');
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal((JSON.parse(stdout) as { directory: string }).directory, directory);
  });

  test('the store through the mirror that has it', async (t) => {
    const { directory, run } = await place(t);
    const opsAddress = await serve(t, directory);
    const { code, stdout, stderr } = await run(opsAddress, 'du', '--json');
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal((JSON.parse(stdout) as { directory: string }).directory, directory);
  });

  test('the mirror of a container, which has a directory that is not here', async (t) => {
    const { directory, run } = await place(t);
    const { upkeep, calls } = scriptedUpkeep();
    const store = { version: '1', directory, identity: '1:2' };
    const { url } = await startApi(t, { upkeep, store });
    assert.equal((await run(new URL(url).host, 'ls')).code, 0);
    assert.deepEqual(calls, [['images', undefined]]);
    assert.equal(await isThere(directory), false);
  });

  test('the mirror of --url, whatever store there is', async (t) => {
    const { directory, run } = await place(t);
    await makeStore(directory);
    const { upkeep, calls } = scriptedUpkeep();
    const { url } = await startApi(t, { upkeep });
    assert.equal((await run(nowhere, 'ls', 'acme/**', '--url', url)).code, 0);
    assert.deepEqual(calls, [['images', 'acme/**']]);
  });
});

test('what verify finds through a mirror counts there as what the scrub finds', async (t) => {
  const { directory, run } = await place(t);
  const content = uniqueBlob(5000);
  const opened = await openTestStore(t, { directory });
  await fillBlob(opened.blobs, content);
  await opened.close();
  await rot(opened.layout.blobFile(content.digest));
  const opsAddress = await serve(t, directory, { PULLTHROUGH_STORAGE_SCRUB_INTERVAL: '0' });
  const { code, stdout } = await run(opsAddress, 'verify');
  assert.equal(code, 1);
  assert.ok(stdout.includes(content.digest));
  const answer = await fetch(`http://${opsAddress}/metrics`);
  const counted = parseExposition(await answer.text());
  assert.equal(valueOf(counted, 'pullthrough_scrub_damaged_blobs_total'), 1);
  assert.equal(valueOf(counted, 'pullthrough_scrubbed_bytes_total'), 5000);
});

describe('a command does not work on', () => {
  test('a store that is not there, and does not make it', async (t) => {
    const { directory, run } = await place(t);
    for (const command of [['ls'], ['inspect', 'a'], ['du'], ['purge', 'a'], ['gc'], ['verify']]) {
      const { code, stdout, stderr } = await run(nowhere, ...command);
      assert.deepEqual([code, stdout], [1, ''], command.join(' '));
      assert.equal(
        stderr,
        `pullthrough: there is no store in ${directory} (setting storage.directory), and cannot reach the mirror at http://${nowhere}: nothing listens there; say with --url where its ops.listen is\n`,
      );
    }
    assert.equal(await isThere(directory), false);
  });

  test('a store that another process has, when that is not at ops.listen', async (t) => {
    const { directory, run } = await place(t);
    await openTestStore(t, { directory });
    const { code, stderr } = await run(nowhere, 'ls');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^pullthrough: another pullthrough, a mirror or a command, is using .*nothing listens there; wait for it, or say with --url/,
    );
    const open = await run('127.0.0.1:0', 'ls');
    assert.equal(open.code, 1);
    assert.match(open.stderr, /ops\.listen leaves the port open.*--url/);
  });

  test('the mirror at ops.listen, when that has another store', async (t) => {
    const { directory, run } = await place(t);
    await openTestStore(t, { directory });
    const other = await temporaryDirectory(t);
    const opsAddress = await serve(t, other);
    const { code, stderr } = await run(opsAddress, 'purge', '**');
    assert.equal(code, 1);
    assert.match(stderr, /another pullthrough, .* is using .*, and it is not the mirror at/);
    assert.ok(stderr.includes(`has ${other}`));
  });

  test('some mirror at ops.listen, where there is no store', async (t) => {
    const { run } = await place(t);
    const { upkeep, calls } = scriptedUpkeep();
    const { url } = await startApi(t, { upkeep });
    const { code, stderr } = await run(new URL(url).host, 'purge', '**');
    assert.equal(code, 1);
    assert.match(stderr, /there is no store in .* has \/data: give --url http:/);
    assert.deepEqual(calls, []);
  });
});

test('what brings content in makes a store', async (t) => {
  const hub = await startHub(t);
  hub.addImage('acme/app', buildImage({ seed: 'app' }), { tags: ['v1'] });
  const trusted = [hub.tokenUrl, hub.cdnUrl].map((url) => `"${new URL(url).host}"`).join(', ');
  const { run } = await place(
    t,
    `upstreams:\n  - host: docker.io\n    url: ${hub.registryUrl}\n    trustedHosts: [${trusted}]\n`,
  );
  const warming = await run(nowhere, 'warm', 'acme/app:v1', '--platform', 'all');
  assert.deepEqual([warming.code, warming.stderr], [0, '']);
  const { stdout } = await run(nowhere, 'ls', '--json');
  const [image] = JSON.parse(stdout) as { name: string; complete: boolean }[];
  assert.deepEqual([image?.name, image?.complete], ['docker.io/acme/app:v1', true]);
  const purged = await run(nowhere, 'purge', 'acme/app', 'none');
  assert.equal(purged.code, 1);
  assert.match(purged.stdout, /^docker\.io\/acme\/app:v1\n\n1 image removed: /);
  assert.equal(purged.stderr, 'pullthrough: the cache has no image like none\n');
  assert.deepEqual(await run(nowhere, 'ls'), { code: 0, stdout: 'no images\n', stderr: '' });
  assert.equal((await run(nowhere, 'ls', '--json')).stdout, '[]\n');
});

describe('the token of the ops endpoints', () => {
  const token = markedSecret('ops');

  test('is that of --token-file, or else ops.token', async (t) => {
    const { upkeep } = scriptedUpkeep();
    const { url } = await startApi(t, { upkeep, token });
    const wrong = await place(t, '');
    const file = join(await temporaryDirectory(t), 'token');
    await writeFile(file, `${token}\n`);
    assert.equal((await wrong.run(nowhere, 'gc', '--url', url)).code, 1);
    assert.equal((await wrong.run(nowhere, 'gc', '--url', url, '--token-file', file)).code, 0);
  });

  for (const command of [['ls'], ['inspect', 'a'], ['du'], ['gc']]) {
    const name = command.join(' ');

    test(`is taken from the configuration by ${name}, on the same machine and with --url`, async (t) => {
      const { directory, run } = await place(t, `  token: ${token}\n`);
      const { upkeep, calls } = scriptedUpkeep();
      const store = { version: '1', directory, identity: '1:2' };
      const { url } = await startApi(t, { upkeep, store, token });
      for (const [at, ...more] of [[new URL(url).host], [nowhere, '--url', url]] as const) {
        const { code, stderr } = await run(at, ...command, ...more);
        assert.deepEqual([code, stderr], [0, '']);
      }
      assert.equal(calls.length, 2);
    });

    test(`is asked for by ${name}, which exits with 1 without it`, async (t) => {
      const { directory, run } = await place(t);
      const { upkeep, calls } = scriptedUpkeep();
      const store = { version: '1', directory, identity: '1:2' };
      const { url } = await startApi(t, { upkeep, store, token });
      const remedy =
        'this needs the ops token: give it with --token-file, or as ops.token or ops.tokenFile of the configuration\n';
      const there = await run(nowhere, ...command, '--url', url);
      assert.deepEqual([there.code, there.stderr], [1, `pullthrough: ${remedy}`]);
      const here = await run(new URL(url).host, ...command);
      const complaint = `there is no store in ${directory} (setting storage.directory)`;
      const expected = `pullthrough: ${complaint}, and the mirror at ${url} says: ${remedy}`;
      assert.deepEqual([here.code, here.stderr], [1, expected]);
      assert.deepEqual(calls, []);
    });
  }

  test('is asked for by a mirror on this machine that has the store', async (t) => {
    const { directory, run } = await place(t);
    const opsAddress = await serve(t, directory, { PULLTHROUGH_OPS_TOKEN: token });
    const { code, stderr } = await run(opsAddress, 'ls');
    assert.equal(code, 1);
    assert.match(stderr, /is using .*, and the mirror at http.* says: this needs the ops token: /);
    assert.doesNotMatch(stderr, /wait for it/);
  });

  test('is spoken of where a mirror has none and the command is elsewhere', async (t) => {
    const interfaces = Object.values(networkInterfaces()).flat();
    const outside = interfaces.find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    if (outside === undefined) return t.skip('this machine has no address but its own');
    const { run } = await place(t);
    const { upkeep } = scriptedUpkeep();
    const { url } = await startApi(t, { upkeep, host: '0.0.0.0' });
    const { code, stderr } = await run(
      nowhere,
      'ls',
      '--url',
      `http://${outside}:${new URL(url).port}`,
    );
    assert.equal(code, 1);
    assert.match(stderr, /the mirror's own machine: set ops\.token, .*is given with --token-file/);
  });

  test('is an error of usage when it can’t be read or sent, and is not shown', async (t) => {
    const { run } = await place(t);
    const file = join(await temporaryDirectory(t), 'token');
    for (const text of [undefined, '', `${token} ü`]) {
      if (text !== undefined) await writeFile(file, text);
      const { code, stderr } = await run(nowhere, 'gc', '--token-file', file);
      assert.equal(code, 2);
      assert.match(stderr, /token/);
    }
  });
});

for (const [args, message] of [
  [['inspect'], 'inspect needs an image: inspect IMAGE'],
  [['purge'], 'purge needs an image: purge IMAGE…'],
  [['du', '--limit', 'x'], '--limit takes a number of repositories'],
  [['ls', 'a', 'b'], 'ls takes no "b"'],
  [['ls', '--url', 'x'], '--url takes the address of the ops endpoints: http[s]://HOST:PORT'],
] as const) {
  test(`exits with 2 for "${args.join(' ')}": ${message}`, async () => {
    const { code, stderr } = await runHere(args);
    assert.deepEqual([code, stderr], [2, `pullthrough: ${message} (see "pullthrough help")\n`]);
  });
}

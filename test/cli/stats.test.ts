import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { fileWith } from '../config/loadFrom.ts';
import { startMirrorProcess, type MirrorProcess } from '../mirror/mirrorProcess.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import { OwnLifetime, type Lifetime } from '../support/lifetime.ts';
import { compileCache } from '../support/compileCache.ts';
import { mainFile, runHere } from './runCli.ts';

/** A mirror from which an image's manifest was pulled twice. */
async function usedMirror(t: Lifetime): Promise<MirrorProcess> {
  const hub = await startHub(t);
  hub.addImage('library/alpine', buildImage({ seed: 'alpine' }), { tags: ['3.20'] });
  const mirror = await startMirrorProcess(t, hub);
  for (const outcome of ['miss', 'hit']) {
    const url = `http://127.0.0.1:${mirror.port}/v2/library/alpine/manifests/3.20`;
    const answer = await fetch(url);
    assert.equal(answer.headers.get('x-cache'), outcome);
    await answer.arrayBuffer();
  }
  return mirror;
}

/** The paths of all keys, those of an array's members once. */
function keysOf(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((one) => keysOf(one, path)))];
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, of]) => keysOf(of, `${path}.${key}`));
}

const requestKeys = ['hits', 'misses', 'stale', 'negative', 'denied', 'errors', 'hitRatio'];
const accountKeys = ['name', 'usable', 'remaining', 'limit', 'windowSeconds', 'resetAt'];
const jsonKeys = [
  '.version',
  '.startedAt',
  '.upstreams.host',
  '.upstreams.up',
  ...[...accountKeys, 'countedPulls', 'throttled', 'refusedLogIns'].map(
    (key) => `.upstreams.accounts.${key}`,
  ),
  ...['manifest', 'blob', 'tags', 'referrers'].flatMap((kind) =>
    requestKeys.map((key) => `.requests.${kind}.${key}`),
  ),
  ...['served', 'pulled', 'saved'].map((key) => `.bytes.${key}`),
  ...['bytes', 'blobs', 'maxBytes', 'diskFreeBytes'].map((key) => `.cache.${key}`),
  '.fills.inFlight',
  '.fills.waiters',
];

describe('stats', () => {
  // Those that only look share one: a process of its own for each takes longer than all they do.
  let mirror: MirrorProcess;
  const lifetime = new OwnLifetime();
  before(async () => {
    mirror = await usedMirror(lifetime);
  });
  after(() => lifetime.end());

  test('shows what the mirror of the configuration did', async (t) => {
    const { opsAddress } = mirror;
    const file = await fileWith(t, `ops:\n  listen: ${opsAddress}\n`);
    const { code, stdout, stderr } = await runHere(['stats', '--config', file]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(stdout, /^docker\.io: answers$/m);
    assert.match(stdout, /^ +anonymous +yes +99 of 100 +(-|[56]h.*?) +1 +0$/m);
    assert.match(stdout, /^manifest +2 +50 % +0 +0 +0$/m);
    assert.match(stdout, /^fills +0 in flight, 0 clients waiting$/m);
  });

  test('prints JSON with keys that do not depend on what is known', async () => {
    const { opsAddress } = mirror;
    const args = ['stats', '--json', '--url', `http://${opsAddress}`];
    const { code, stdout } = await runHere(args);
    assert.equal(code, 0);
    const stats = JSON.parse(stdout) as {
      upstreams: { host: string; up: boolean; accounts: { countedPulls: number }[] }[];
      requests: { manifest: { hits: number; misses: number }; tags: { hitRatio: null } };
      cache: { maxBytes: null };
      bytes: { served: number; pulled: number; saved: number };
    };
    assert.deepEqual(keysOf(stats).toSorted(), jsonKeys.toSorted());
    const [upstream] = stats.upstreams;
    assert.deepEqual([upstream?.host, upstream?.up], ['docker.io', true]);
    assert.equal(upstream?.accounts[0]?.countedPulls, 1);
    const { hits, misses } = stats.requests.manifest;
    assert.deepEqual([hits, misses], [1, 1]);
    assert.deepEqual([stats.requests.tags.hitRatio, stats.cache.maxBytes], [null, null]);
    const { served, pulled, saved } = stats.bytes;
    assert.ok(pulled > 0);
    assert.deepEqual([served, saved], [pulled * 2, pulled]);
  });

  test('says in its help what every key of the JSON is called', async () => {
    const { stdout } = await runHere(['stats', '--help']);
    const words = new Set(stdout.match(/\w+/g));
    for (const key of [...jsonKeys.flatMap((path) => path.split('.')), 'openCircuits']) {
      assert.ok(key === '' || words.has(key), key);
    }
    assert.match(stdout, /^ +--watch \[SECONDS\] /m);
  });

  test('watches until a signal, one JSON object a line, and exits with 0', async (t) => {
    const { opsAddress } = mirror;
    const args = ['stats', '--json', '--watch', '0.1', '--url', `http://${opsAddress}`];
    const child = spawn(process.execPath, [mainFile, ...args], {
      env: compileCache,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    let lines = 0;
    for await (const line of createInterface(child.stdout)) {
      assert.equal(typeof (JSON.parse(line) as { startedAt: unknown }).startedAt, 'string');
      lines += 1;
      if (lines === 3) child.kill('SIGINT');
    }
    assert.deepEqual(await exited, [0, null]);
  });

  test('goes on watching while the mirror is away, and says so', async (t) => {
    const { opsAddress, kill } = await usedMirror(t);
    const args = ['stats', '--watch=0.1', '--url', `http://${opsAddress}`];
    const child = spawn(process.execPath, [mainFile, ...args], {
      env: compileCache,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => void child.kill('SIGKILL'));
    const exited = once(child, 'exit');
    let seen = false;
    for await (const line of createInterface(child.stdout)) {
      if (!seen && line.startsWith('fills ')) {
        seen = true;
        await kill();
      }
      if (line.startsWith('cannot read ')) child.kill('SIGTERM');
    }
    assert.deepEqual(await exited, [0, null]);
  });

  for (const args of [[], ['--watch'], ['--json', '--watch']]) {
    test(`exits with 1 and one line when nothing listens: ${args.join(' ')}`, async () => {
      const url = 'http://127.0.0.1:1';
      const { code, stdout, stderr } = await runHere(['stats', '--url', url, ...args]);
      assert.deepEqual([code, stdout], [1, '']);
      assert.equal(
        stderr,
        `pullthrough: cannot read ${url}/metrics: nothing listens there; start one ("pullthrough serve") or say with --url where its ops.listen is\n`,
      );
    });
  }

  for (const [args, message] of [
    [['--url', 'host:5001'], '--url takes the address of the ops endpoints: http[s]://HOST:PORT'],
    [['--watch', '0'], '--watch takes seconds, from 0.1 to 86400'],
    [['--watch=x'], '--watch takes seconds, from 0.1 to 86400'],
    [['--watch='], '--watch needs a value: --watch SECONDS'],
    [['--watch', 'x'], 'stats takes no "x"'],
    [['--watch', '1', '2'], 'stats takes no "2"'],
    [['--json', '1'], 'stats takes no "1"'],
  ] as const) {
    test(`exits with 2 for "${args.join(' ')}": ${message}`, async () => {
      const { code, stderr } = await runHere(['stats', ...args]);
      assert.deepEqual([code, stderr], [2, `pullthrough: ${message} (see "pullthrough help")\n`]);
    });
  }
});

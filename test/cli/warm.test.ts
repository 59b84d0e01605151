import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { runWarming } from '../../src/cli/warm.ts';
import { parseDigest } from '../../src/registry/digest.ts';
import type { WarmingEvent, WarmingOptions } from '../../src/upkeep/warming/warming.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildMultiPlatformImage } from '../support/images.ts';
import { manualClock } from '../support/manualClock.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { runCli, runHere, runUnread } from './runCli.ts';
import { writeSettings } from './warmSettings.ts';

const options: WarmingOptions = { images: ['alpine'], platforms: [] };
const digest = parseDigest(`sha256:${'a'.repeat(64)}`) ?? assert.fail();
const figures = { bytes: 1024, fetchedBytes: 0, seconds: 1 };
const progress = { kind: 'progress', image: 'alpine', totalBytes: 2048, ...figures } as const;
const warmed = { kind: 'warmed', image: 'alpine', digest, platforms: [], ...figures } as const;
const failed = { kind: 'failed', image: 'redis', reason: 'manifest unknown' } as const;

function done(count: number): WarmingEvent {
  return { kind: 'done', warmed: 1, failed: count, fetchedBytes: 0, seconds: 1 };
}

/** Runs the command on an upkeep that tells these events. */
async function runWith(events: readonly WarmingEvent[], json = false) {
  const stdout = new PassThrough();
  const warm = async function* () {
    yield* events;
  };
  const screen = {
    signals: new EventEmitter(),
    stdout,
    json,
    throughMirror: false,
    now: manualClock(),
  };
  const code = await runWarming({ warm }, options, screen);
  return { code, stdout: await text(stdout.end()) };
}

test('it ends with 0 when all is here', async () => {
  assert.deepEqual(await runWith([progress, warmed, done(0)]), {
    code: 0,
    stdout: 'warmed  alpine: 1.0 KiB, 0 B fetched in 1s\n1 warmed, 0 failed; 0 B fetched in 1s\n',
  });
});

test('it ends with 1 when an image failed', async () => {
  const { code, stdout } = await runWith([warmed, failed, done(1)]);
  assert.equal(code, 1);
  assert.match(stdout, /^failed {2}redis: manifest unknown$/m);
});

test('--json prints each event on a line', async () => {
  const events = [progress, warmed, failed, done(1)];
  const { stdout } = await runWith(events, true);
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    events,
  );
});

/** What is written, and the exit code, when this happens after the first event. */
async function runUntil(
  happens: (signals: EventEmitter, stdout: PassThrough) => void,
  throughMirror = false,
) {
  const [signals, stdout] = [new EventEmitter(), new PassThrough()];
  let ended = false;
  const warm = async function* () {
    try {
      yield warmed;
      happens(signals, stdout);
      yield failed;
    } finally {
      ended = true;
    }
  };
  const screen = { signals, stdout, json: false, throughMirror, now: manualClock() };
  const code = await runWarming({ warm }, options, screen);
  assert.equal(ended, true);
  const [first, ...rest] = (await text(stdout.end())).split('\n');
  assert.match(first ?? '', /^warmed {2}alpine/);
  return { code, rest: rest.join('\n') };
}

test('a signal ends it with 1, and says so', async () => {
  assert.deepEqual(await runUntil((signals) => signals.emit('SIGINT')), {
    code: 1,
    rest: 'interrupted; what is whole by now stays in the cache\n',
  });
});

test('a signal ends what a mirror was asked for, but not what that has begun', async () => {
  assert.deepEqual(await runUntil((signals) => signals.emit('SIGTERM'), true), {
    code: 1,
    rest: 'interrupted; the mirror finishes by itself what is under way\n',
  });
});

test('a reader that leaves ends it, and is told nothing more', async () => {
  const error = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  const end = await runUntil((_, stdout) => stdout.emit('error', error));
  assert.deepEqual(end, { code: 1, rest: '' });
});

describe('what makes no sense ends with 2', () => {
  const cases: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
    'no image': [[], /warm needs names of images/],
    'what is no name': [['Alpine'], /"Alpine" is no name of an image/],
    'what is no platform': [
      ['alpine', '--platform', 'linux/amd64,arm'],
      /--platform takes .*: arm /,
    ],
    'a file that is not there': [['-f', '/none/there.yaml'], /\/none\/there\.yaml: .*no such file/],
  };
  for (const [what, [args, message]] of Object.entries(cases)) {
    test(what, async () => {
      const { code, stderr } = await runHere(['warm', ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    });
  }

  test('a file that names no image, be it that all is built', async (t) => {
    const directory = await temporaryDirectory(t);
    const [list, compose] = [join(directory, 'list'), join(directory, 'compose.yaml')];
    await writeFile(list, '# nothing yet\n');
    await writeFile(compose, 'services:\n  web:\n    build: .\n    image: acme/web\n');
    const one = await runHere(['warm', '-f', list]);
    assert.deepEqual([one.code, one.stderr], [2, `pullthrough: ${list} names no image\n`]);
    const two = await runHere(['warm', '-f', list, '-f', compose]);
    assert.equal(two.stderr, `pullthrough: ${list}, ${compose} name no image\n`);
  });

  test('a file that has what is no image, with its place', async (t) => {
    const path = join(await temporaryDirectory(t), 'list');
    await writeFile(path, 'alpine\nbusy box\n');
    const { code, stderr } = await runHere(['warm', '-f', path]);
    assert.equal(code, 2);
    assert.equal(stderr, `pullthrough: ${path}:2: "busy box" is no name of an image\n`);
  });
});

test('the program does not die of a pipe that is closed', async (t) => {
  const hub = await startHub(t);
  hub.addImage('library/slow', buildMultiPlatformImage({ seed: 'slow' }), { tags: ['latest'] });
  hub.fault({ at: 'blob_body', stallAfter: 10 });
  const config = await writeSettings(await temporaryDirectory(t), hub);
  // What it says of the first one finds nobody, while the other one is under way.
  const warming = await runUnread(t, ['warm', 'none', 'slow', '--config', config]);
  assert.deepEqual(warming, { code: 1, stderr: '' });
  for (const command of ['verify', 'du']) {
    assert.equal((await runUnread(t, [command, '--config', config])).stderr, '', command);
  }
});

test('the program warms what a file names into a store that nobody serves, without escape codes', async (t) => {
  const hub = await startHub(t);
  hub.addImage('library/alpine', buildMultiPlatformImage({ seed: 'alpine' }), { tags: ['3.20'] });
  const directory = await temporaryDirectory(t);
  const config = await writeSettings(directory, hub);
  const list = join(directory, 'compose.yaml');
  await writeFile(list, 'services:\n  one:\n    image: alpine:${TAG}\n');
  const args = ['warm', '--config', config, '-f', list, '--platform', 'linux/amd64,linux/arm64'];
  const environment = { TAG: '3.20' };
  const first = await runCli(t, args, environment);
  assert.match(
    first.stdout,
    /^warmed {2}alpine:3\.20 \(linux\/amd64, linux\/arm64\): .* fetched in .*\n1 warmed, 0 failed; .*\n$/,
  );
  assert.doesNotMatch(first.stdout, /[^\n\P{Cc}]/u);
  assert.deepEqual([first.code, first.stderr], [0, '']);
  hub.forget();
  const second = await runCli(t, [...args, '--json'], environment);
  const last = JSON.parse(second.stdout.trimEnd().split('\n').at(-1) ?? '') as object;
  assert.deepEqual({ ...last, seconds: 0 }, { ...done(0), seconds: 0 });
  assert.deepEqual(hub.requests, []);
});

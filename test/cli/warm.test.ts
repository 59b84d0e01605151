import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { runWarming } from '../../src/cli/warm.ts';
import { parseDigest } from '../../src/registry/digest.ts';
import type { WarmingEvent, WarmingOptions } from '../../src/upkeep/warming.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildMultiPlatformImage } from '../support/images.ts';
import { manualClock } from '../support/manualClock.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { runCli, runHere } from './runCli.ts';
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
  const screen = { signals: new EventEmitter(), stdout, json, now: manualClock() };
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

test('a signal ends it with 1, and says so', async () => {
  const [signals, stdout] = [new EventEmitter(), new PassThrough()];
  let ended = false;
  const warm = async function* () {
    try {
      yield warmed;
      signals.emit('SIGINT');
      yield failed;
    } finally {
      ended = true;
    }
  };
  const screen = { signals, stdout, json: false, now: manualClock() };
  assert.equal(await runWarming({ warm }, options, screen), 1);
  assert.match(await text(stdout.end()), /interrupted; what is whole by now stays in the cache\n$/);
  assert.equal(ended, true);
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

  test('a file that has what is no image, with its place', async (t) => {
    const path = join(await temporaryDirectory(t), 'list');
    await writeFile(path, 'alpine\nbusy box\n');
    const { code, stderr } = await runHere(['warm', '-f', path]);
    assert.equal(code, 2);
    assert.equal(stderr, `pullthrough: ${path}:2: "busy box" is no name of an image\n`);
  });
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

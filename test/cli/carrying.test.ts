import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { test } from 'node:test';
import { run } from '../../src/cli/pullthrough.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import {
  archive,
  called,
  entriesOf,
  layoutEntries,
  referredToAs,
} from '../upkeep/carrying/archives.ts';

const image = buildImage();
const { digest } = image.manifest;
const name = 'docker.io/library/alpine:3.20';

interface Result {
  readonly code: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A store of its own, with a file beside it, and the program that works on it. */
interface Place {
  readonly directory: string;
  readonly file: string;
  readonly pullthrough: (...args: readonly string[]) => Promise<Result>;
}

async function openPlace(t: Lifetime): Promise<Place> {
  const directory = await temporaryDirectory(t);
  const configuration = join(directory, 'pullthrough.yaml');
  const settings = {
    offline: true,
    ops: { listen: '127.0.0.1:9' },
    storage: { directory: join(directory, 'data'), minFree: 0 },
  };
  await writeFile(configuration, JSON.stringify(settings));
  return {
    directory,
    file: join(directory, 'images.tar'),
    pullthrough: async (...args) => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const read = Promise.all([buffer(stdout), text(stderr)]);
      const code = await run([...args, '--config', configuration], {}, stdout, stderr);
      stdout.end();
      stderr.end();
      const [out, complaints] = await read;
      return { code, stdout: out, stderr: complaints };
    },
  };
}

async function openPlaceWithImage(t: Lifetime): Promise<Place> {
  const place = await openPlace(t);
  await writeFile(place.file, await archive(layoutEntries([{ image, annotations: called(name) }])));
  const { code, stdout } = await place.pullthrough('import', place.file);
  assert.match(String(stdout), /^docker\.io\/library\/alpine:3\.20\n4 blobs, .*B, that the cache/);
  assert.equal(code, 0);
  return place;
}

test('what export wrote to a file, import takes in elsewhere', async (t) => {
  const { file, pullthrough } = await openPlaceWithImage(t);
  const exported = await pullthrough('export', 'alpine:3.20', '--output', file);
  assert.match(exported.stderr, /^Exported 1 image, .* KiB\.\n$/);
  assert.deepEqual([exported.code, String(exported.stdout)], [0, '']);
  const other = await openPlace(t);
  const { code, stdout } = await other.pullthrough('import', '--json', file);
  const report = JSON.parse(String(stdout)) as { bytes: number };
  const { bytes, ...rest } = report;
  assert.deepEqual(rest, { images: [{ name, digest, complete: true }], blobs: 4 });
  assert.deepEqual([code, bytes > 0], [0, true]);
});

test('export writes to a pipe, and what it says beside it does not get in', async (t) => {
  const { pullthrough } = await openPlaceWithImage(t);
  for (const flags of [[], ['-o', '-'], ['--platform', 'linux/amd64', '--platform=linux/amd64']]) {
    const { stdout } = await pullthrough('export', name, ...flags);
    assert.equal((await entriesOf(stdout)).size, 6);
  }
});

test('export that fails leaves no file, and says why', async (t) => {
  const { directory, file, pullthrough } = await openPlaceWithImage(t);
  const before = await readFile(file);
  const missing = await pullthrough('export', 'alpine:edge', '-o', file);
  assert.deepEqual(
    [missing.code, missing.stderr],
    [
      1,
      'pullthrough: the cache has no docker.io/library/alpine:edge: pullthrough ls shows what it has\n',
    ],
  );
  const senseless = await pullthrough('export', name, '--platform', 'vax', '-o', `${file}.new`);
  assert.equal(senseless.code, 2);
  assert.deepEqual(await readFile(file), before);
  assert.deepEqual((await readdir(directory)).toSorted(), [
    'data',
    'images.tar',
    'pullthrough.yaml',
  ]);
});

test('export needs an image, and no terminal', async () => {
  assert.match(await complaintOf(['export']), /export needs an image/);
  assert.match(await complaintOf(['export', name]), /not written to a terminal: give -o FILE/);
  assert.match(await complaintOf(['import']), /import takes one archive/);
  assert.match(await complaintOf(['import', 'a', 'b']), /import/);
});

test('import says what an image lacks, and asks for a name where there is none', async (t) => {
  const { file, pullthrough } = await openPlace(t);
  const entries = layoutEntries([{ image, annotations: referredToAs('3.20') }]);
  await writeFile(file, await archive(entries.slice(0, -1)));
  const nameless = await pullthrough('import', file);
  assert.equal(nameless.code, 2);
  assert.match(
    nameless.stderr,
    /only the tag 3\.20 for sha256:\w+: give its repository with --name/,
  );
  const { code, stdout } = await pullthrough('import', file, '--name', 'alpine');
  assert.equal(code, 0);
  assert.match(
    String(stdout),
    /^docker\.io\/library\/alpine:3\.20 \(incomplete: some of it is not/,
  );
});

test('import names a file that it can not read, whoever was to import it', async (t) => {
  const { directory, file, pullthrough } = await openPlace(t);
  for (const through of [[], ['--url', 'http://127.0.0.1:1']]) {
    const missing = await pullthrough('import', file, ...through);
    assert.equal(missing.code, 2);
    assert.ok(missing.stderr.includes(`${file}: expected a file that can be read: no such file`));
    const folder = await pullthrough('import', directory, ...through);
    assert.equal(folder.code, 2);
    assert.ok(folder.stderr.includes(`${directory}: expected an archive: it is a directory`));
  }
});

test('import looks at --name, be it that the archive has names of its own', async (t) => {
  const { file, pullthrough } = await openPlace(t);
  await writeFile(file, await archive(layoutEntries([{ image, annotations: called(name) }])));
  const { code, stderr } = await pullthrough('import', file, '--name', 'Acme App');
  assert.equal(code, 2);
  assert.match(stderr, /--name takes a repository, such as docker\.io\/library\/alpine: Acme App/);
  const foreign = await pullthrough('import', file, '--name', 'quay.io/acme/app');
  assert.equal(foreign.code, 2);
  assert.match(foreign.stderr, /quay\.io is no upstream/);
});

/** What the program says of a command line that makes no sense on a terminal. */
async function complaintOf(args: readonly string[]): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await run(args, {}, Object.assign(stdout, { isTTY: true }), stderr);
  stderr.end();
  assert.equal(code, 2);
  return text(stderr);
}

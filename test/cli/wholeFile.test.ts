import assert from 'node:assert/strict';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeWholeFile } from '../../src/cli/wholeFile.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const never = new AbortController().signal;

test('a file takes the place of another one when it is complete', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'file');
  await writeFile(path, 'old');
  const seen: string[] = [];
  const chunks = async function* () {
    yield Buffer.from('new ');
    seen.push(await readFile(path, 'utf8'));
    yield Buffer.from('one');
  };
  await writeWholeFile(path, chunks(), never);
  assert.deepEqual([seen, await readFile(path, 'utf8')], [['old'], 'new one']);
  assert.deepEqual(await readdir(directory), ['file']);
});

test('what fails leaves the file as it was, and no other', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'file');
  const failure = new Error('evicted');
  const chunks = async function* () {
    yield Buffer.from('half');
    throw failure;
  };
  await assert.rejects(writeWholeFile(path, chunks(), never), failure);
  await writeFile(path, 'old');
  await assert.rejects(writeWholeFile(path, chunks(), never), failure);
  assert.equal(await readFile(path, 'utf8'), 'old');
  assert.deepEqual(await readdir(directory), ['file']);
});

test('an interruption leaves no file, and ends what the bytes come from', async (t) => {
  const directory = await temporaryDirectory(t);
  const stopping = new AbortController();
  let ended = false;
  const chunks = async function* () {
    try {
      for (;;) {
        yield Buffer.from('more');
        stopping.abort();
      }
    } finally {
      ended = true;
    }
  };
  await assert.rejects(writeWholeFile(join(directory, 'file'), chunks(), stopping.signal), {
    name: 'UpkeepError',
    message: 'interrupted',
  });
  assert.deepEqual([ended, await readdir(directory)], [true, []]);
});

test('a link goes on pointing at the file, and what is no file is written to', async (t) => {
  const directory = await temporaryDirectory(t);
  const [path, link] = [join(directory, 'file'), join(directory, 'link')];
  await writeFile(path, 'old');
  await symlink('file', link);
  await writeWholeFile(link, pieces('new'), never);
  assert.equal(await readFile(path, 'utf8'), 'new');
  await writeWholeFile('/dev/null', pieces('nothing'), never);
  assert.deepEqual((await readdir(directory)).toSorted(), ['file', 'link']);
});

test('a path that can not be written is named', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'missing', 'file');
  const message = `${path} can't be written: ENOENT: no such file or directory`;
  await assert.rejects(writeWholeFile(path, pieces('x'), never), { name: 'UpkeepError', message });
  await assert.rejects(writeWholeFile(directory, pieces('x'), never), /can't be written: EISDIR/);
});

async function* pieces(...texts: readonly string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

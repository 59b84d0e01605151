import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { CredentialError } from '../../../src/upstream/credentials/credentialError.ts';
import { tokenFile } from '../../../src/upstream/credentials/tokenFile.ts';
import { WatchedFile } from '../../../src/upstream/credentials/watchedFile.ts';
import { markedSecret } from '../../support/secretMark.ts';
import type { Lifetime } from '../../support/lifetime.ts';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';
import { rejection } from '../testUpstream.ts';

const [one, two] = [markedSecret('one'), markedSecret('two')];

async function openFile(t: Lifetime, content?: string, first?: string) {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'token');
  if (content !== undefined) await writeFile(path, content);
  const warnings: string[] = [];
  const failed = ({ message }: Error): void => void warnings.push(message);
  const read = tokenFile({ username: 'acme', path, first, failed });
  const secret = async (): Promise<string> => (await read()).secret;
  return { directory, path, warnings, read, secret };
}

describe('a token file', () => {
  test('gives the user name and the token without the newline at its end', async (t) => {
    const { read } = await openFile(t, `${one}\r\n`);
    assert.deepEqual(await read(), { username: 'acme', secret: one });
  });

  test('is read again when it was written anew, at the same length', async (t) => {
    const { path, secret } = await openFile(t, 'abc');
    await secret();
    await writeFile(path, 'xyz');
    assert.equal(await secret(), 'xyz');
  });

  test('is read again when it was replaced by one of the same size and time', async (t) => {
    const { directory, path, secret } = await openFile(t, 'abc');
    const other = join(directory, 'other');
    await writeFile(other, 'xyz');
    for (const file of [path, other]) await utimes(file, 1, 1);
    await secret();
    await rename(other, path);
    assert.equal(await secret(), 'xyz');
  });

  test('is read again when Kubernetes turns the link to its directory', async (t) => {
    const { directory, path, secret } = await openFile(t);
    for (const [version, content] of [
      ['..1', one],
      ['..2', two],
    ] as const) {
      await mkdir(join(directory, version));
      await writeFile(join(directory, version, 'token'), content);
    }
    await symlink('..1', join(directory, '..data'));
    await symlink(join('..data', 'token'), path);
    assert.equal(await secret(), one);
    await symlink('..2', join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    await rm(join(directory, '..1'), { recursive: true });
    assert.equal(await secret(), two);
  });

  test('that did not change is not read', async (t) => {
    const { path } = await openFile(t, one);
    let reads = 0;
    const file = new WatchedFile({ path, parse: () => (reads += 1), failed: assert.fail });
    await file.read();
    await file.read();
    assert.equal(reads, 1);
  });

  for (const [what, spoil] of [
    ['missing', (path: string) => rm(path)],
    ['empty', (path: string) => writeFile(path, '\n')],
    ['a directory', async (path: string) => rm(path).then(() => mkdir(path))],
  ] as const) {
    test(`that is ${what} for a moment leaves the last token in force, with one warning`, async (t) => {
      const { path, secret, warnings } = await openFile(t, one);
      await secret();
      await spoil(path);
      assert.deepEqual([await secret(), await secret()], [one, one]);
      assert.equal(warnings.length, 1);
      await rm(path, { recursive: true, force: true });
      await writeFile(path, two);
      assert.equal(await secret(), two);
      await rm(path);
      assert.equal(await secret(), two);
      assert.equal(warnings.length, 2, 'a second time is told anew');
    });
  }

  test('that vanished before it was ever needed counts with what it held at the start', async (t) => {
    const { secret, warnings } = await openFile(t, undefined, one);
    assert.equal(await secret(), one);
    assert.match(warnings.join(), /^\S+token cannot be read: ENOENT$/);
  });

  test('that was never there is an error with its path', async (t) => {
    const { secret, path } = await openFile(t);
    const error = await rejection(secret());
    assert.ok(error instanceof CredentialError);
    assert.equal(error.message, `${path} cannot be read: ENOENT`);
  });
});

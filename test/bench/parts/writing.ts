import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../../src/registry/digest.ts';
import { mediaTypes } from '../../../src/registry/mediaType.ts';
import { GrowingBlob } from '../../../src/store/growingBlob.ts';
import { writeAll } from '../../../src/store/writeAll.ts';
import { openTestStore } from '../../store/testStore.ts';

import type { Lifetime } from '../../support/lifetime.ts';
import { temporaryDirectory } from '../../support/temporaryDirectory.ts';
import { showSize, type Part, type PartWork } from './part.ts';

const mebibyte = 1024 ** 2;
const whole = randomBytes(mebibyte);
const pieceSizes = [64 * 1024, 256 * 1024, mebibyte];
// Begun anew when it is this long, so that the disk cache never has more than it can take.
const fileBytes = 64 * mebibyte;

/** What it costs to put bytes into files, and to make them last. */
export const writing: Part = {
  name: 'writing',
  works: async (lifetime) => {
    const directory = await temporaryDirectory(lifetime);
    await touchPages(join(directory, 'touched'));
    return [
      ...(await ways(directory, lifetime)),
      ...pieceSizes.map((size) => growing(directory, size, lifetime)),
      ...(await Promise.all([0, 1, 16].map((count) => synced(directory, count, lifetime)))),
      await renamed(directory),
      await kept(lifetime),
    ];
  },
};

/**
 * Uses as much of the page cache as the works do and frees it. A virtual machine is given memory when it is
 * touched for the first time: 4 ms a MiB where pages that were used a moment ago take 0.3 ms.
 */
async function touchPages(path: string): Promise<void> {
  await writeFile(path, Buffer.alloc(2 * fileBytes, 1));
  await rm(path);
}

function piecesOf(size: number): Buffer[] {
  const count = mebibyte / size;
  return Array.from({ length: count }, (_, index) =>
    whole.subarray(index * size, (index + 1) * size),
  );
}

async function ways(directory: string, lifetime: Lifetime): Promise<PartWork[]> {
  const file = await open(join(directory, 'ways'), 'w');
  lifetime.after(() => file.close());
  let end = 0;
  const before = async () => {
    if (end < fileBytes) return;
    await file.truncate(0);
    end = 0;
  };
  const add = (name: string, write: () => Promise<number>): PartWork => {
    const run = async () => (end = await write());
    return { name: `append 1 MiB, ${name}`, bytes: mebibyte, run, before };
  };
  const [small, large] = [piecesOf(64 * 1024), piecesOf(mebibyte)];
  return [
    add('16 pieces by one writev', () => writeAll(file, small, end)),
    add('16 pieces joined, by one write', () => writeAll(file, [Buffer.concat(small)], end)),
    add('16 pieces by 16 writes', async () => {
      let position = end;
      for (const piece of small) position = await writeAll(file, [piece], position);
      return position;
    }),
    add('one piece', () => writeAll(file, large, end)),
  ];
}

/** As a fill does it: hashed while it is written. */
function growing(directory: string, size: number, lifetime: Lifetime): PartWork {
  const pieces = piecesOf(size);
  let blob: GrowingBlob | undefined;
  let files = 0;
  const end = async () => {
    await blob?.fail(new Error('it has come far enough'));
    await blob?.release();
    blob = undefined;
  };
  lifetime.after(end);
  return {
    name: `append and hash 1 MiB, in pieces of ${showSize(size)}`,
    bytes: mebibyte,
    run: () => blob?.append(pieces),
    before: async () => {
      if (blob !== undefined && blob.length < fileBytes) return;
      await end();
      files += 1;
      blob = await GrowingBlob.create(digestOf(whole), join(directory, `growing-${size}-${files}`));
    },
  };
}

async function synced(directory: string, count: number, lifetime: Lifetime): Promise<PartWork> {
  const file = await open(join(directory, `synced-${count}`), 'w');
  lifetime.after(() => file.close());
  const chunks = Array.from({ length: count }, () => whole);
  return {
    name: `fsync after ${count === 0 ? 'nothing' : showSize(count * mebibyte)} was written`,
    run: () => file.sync(),
    before: async () => {
      await file.truncate(0);
      await writeAll(file, chunks, 0);
      if (count === 0) await file.sync();
    },
  };
}

async function renamed(directory: string): Promise<PartWork> {
  const names = [join(directory, 'incoming'), join(directory, 'blobs')].map((folder) => ({
    folder,
    file: join(folder, 'file'),
  }));
  for (const { folder } of names) await mkdir(folder);
  let [from, to] = names.map(({ file }) => file) as [string, string];
  await writeFile(from, whole);
  const run = async () => {
    await rename(from, to);
    [from, to] = [to, from];
  };
  return { name: 'rename a file into another directory', run };
}

/** All that is done for a manifest: file, hash, fsync, rename, entry. */
async function kept(lifetime: Lifetime): Promise<PartWork> {
  const { blobs } = await openTestStore(lifetime);
  let bytes = whole.subarray(0, 2048);
  return {
    name: 'keep a manifest of 2 KiB, with everything',
    before: () => {
      bytes = randomBytes(2048);
    },
    run: () => blobs.put(digestOf(bytes), bytes, mediaTypes.ociManifest),
  };
}

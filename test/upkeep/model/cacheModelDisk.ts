import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import {
  digestOf,
  parseDigest,
  type Digest,
  type DigestAlgorithm,
} from '../../../src/registry/digest.ts';
import type { Store } from '../../../src/store/store.ts';
import { StoreLayout } from '../../../src/store/storeLayout.ts';

interface Found {
  readonly path: string;
  readonly bytes: number;
}

/** Bytes of all files of a store but the catalog's, as `du --apparent-size` counts them. */
export function bytesOnDisk(directory: string): number {
  const { blobs, root } = new StoreLayout(directory);
  // A file that is given its name meanwhile is counted once or not at all, since these come first.
  const named = filesBelow(blobs);
  const others = filesBelow(root).filter(
    ({ path }) => !path.startsWith(blobs) && !basename(path).startsWith('catalog.sqlite'),
  );
  return [...named, ...others].reduce((total, { bytes }) => total + bytes, 0);
}

/**
 * Copies a store as its process would leave it if it were killed now. Nothing of the process itself runs
 * meanwhile, but what it asked of the disk before goes on: a file may be given its name, or be removed.
 */
export function copyStore(from: string, to: string): void {
  const { incoming } = new StoreLayout(from);
  // First what may get another name, which is found under that then.
  const files = [...filesBelow(incoming), ...filesBelow(from)];
  for (const { path } of files) {
    const target = join(to, relative(from, path));
    mkdirSync(dirname(target), { recursive: true });
    try {
      const { atime, mtime } = statSync(path);
      copyFileSync(path, target);
      utimesSync(target, atime, mtime);
    } catch (error) {
      if (existsSync(path)) throw error;
    }
  }
}

/**
 * Looks whether files, catalog and what the store says of itself are one: every file of a blob has the bytes
 * that it is named after, and nothing is left of what came to no end. Only while nothing is under way.
 */
export async function assertInAgreement(directory: string, store: Store): Promise<void> {
  const layout = new StoreLayout(directory);
  const files = filesBelow(layout.blobs);
  for (const { path } of files)
    assert.equal(digestOfFile(path), nameOf(path), 'the name of a file');
  const names = files.map(({ path }) => nameOf(path)).toSorted();
  const entries = await Array.fromAsync(store.catalog.contents.entries());
  assert.deepEqual(
    entries.map(([digest]) => digest).toSorted(),
    names,
    'the entries of the catalog',
  );
  const held = [...store.blobs.held()];
  assert.deepEqual(held.map(([digest]) => digest).toSorted(), names, 'what is held');
  for (const [digest, { size }] of held) {
    assert.equal(size, files.find(({ path }) => nameOf(path) === digest)?.bytes, 'a size');
  }
  assert.equal(store.blobs.count, files.length, 'the number of blobs');
  assert.equal(store.blobs.bytes, sum(files), 'their bytes');
  const incoming = filesBelow(layout.incoming);
  const { partial, incoming: growing, quarantined } = store.blobs.usage;
  assert.deepEqual(growing, { count: 0, bytes: 0 }, 'what is being written');
  assert.deepEqual(
    { count: incoming.length, bytes: sum(incoming) },
    partial,
    'beginnings of blobs',
  );
  assert.deepEqual(quarantined, { count: 0, bytes: 0 }, 'what is damaged');
}

function sum(files: readonly Found[]): number {
  return files.reduce((total, { bytes }) => total + bytes, 0);
}

function nameOf(path: string): Digest {
  const digest = parseDigest(`${basename(dirname(dirname(path)))}:${basename(path)}`);
  return digest ?? assert.fail(`${path} is named after no digest`);
}

function digestOfFile(path: string): Digest {
  return digestOf(readFileSync(path), basename(dirname(dirname(path))) as DigestAlgorithm);
}

/** In one go, so that the process itself does nothing meanwhile; what is gone by then is no file. */
function filesBelow(directory: string): Found[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).flatMap((entry) => {
    if (!entry.isFile()) return [];
    const path = join(entry.parentPath, entry.name);
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, bytes: stats.size }];
  });
}

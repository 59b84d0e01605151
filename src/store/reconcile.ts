import { open, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parseDigest, type Digest } from '../registry/digest.ts';
import { guessManifestType } from '../registry/manifestGuess.ts';
import type { ContentEntry } from './catalog.ts';
import type { CatalogTable } from './catalogTable.ts';
import type { StoreLayout } from './storeLayout.ts';

// Files that are looked into at a time.
const batch = 64;
const entriesAtOnce = 1000;
// Registries take in manifests of up to 4 MiB.
const largestManifest = 4 * 1024 * 1024;

/**
 * Brings the catalog into agreement with the files: entries without a file are dropped, files without an
 * entry get one. Returns what is held. Only files without an entry are looked at, so that a
 * large store starts fast; what is wrong with the others shows when they are met.
 */
export async function reconcile(
  layout: StoreLayout,
  contents: CatalogTable<ContentEntry>,
): Promise<ReadonlyArray<readonly [Digest, ContentEntry]>> {
  // The disk is asked for one while the other is made sense of.
  const [files, entries] = await Promise.all([listBlobs(layout), allEntries(contents)]);
  const held: Array<readonly [Digest, ContentEntry]> = [];
  const missing: string[] = [];
  for (const [key, entry] of entries) {
    // What is no digest finds no file either.
    const digest = key as Digest;
    if (files.delete(digest)) held.push([digest, entry]);
    else missing.push(key);
  }
  for (let start = 0; start < missing.length; start += entriesAtOnce) {
    await contents.deleteMany(missing.slice(start, start + entriesAtOnce));
  }
  const unknown = [...files];
  for (let start = 0; start < unknown.length; start += batch) {
    const some = unknown.slice(start, start + batch);
    const found = await Promise.all(some.map((digest) => describeFile(layout, digest)));
    const described = found.filter((one) => one !== undefined);
    await contents.setMany(described);
    held.push(...described);
  }
  return held;
}

/**
 * What the file of a blob tells of it; nobody has looked whether its bytes are right. `undefined` when it
 * can't be read: then it is as good as not there.
 */
async function describeFile(
  layout: StoreLayout,
  digest: Digest,
): Promise<readonly [Digest, ContentEntry] | undefined> {
  try {
    const file = await open(layout.blobFile(digest));
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return undefined;
      const { size, mtimeMs } = stats;
      const { buffer } = await file.read({ buffer: Buffer.alloc(1), position: 0 });
      // Without its type a manifest would count as a blob, and the next pull cost a counted request.
      const mayBeManifest = size <= largestManifest && buffer[0] === openingBrace;
      const mediaType = mayBeManifest ? guessManifestType(await file.readFile()) : undefined;
      const typed = mediaType === undefined ? {} : { mediaType };
      return [digest, { size, ...typed, storedAt: Math.trunc(mtimeMs), adopted: true }];
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

const openingBrace = '{'.charCodeAt(0);

async function allEntries(contents: CatalogTable<ContentEntry>) {
  const entries: Array<readonly [string, ContentEntry]> = [];
  for await (const page of contents.pages()) entries.push(...page);
  return entries;
}

/**
 * What lies where a blob of its name belongs; other files are not the store's and left alone. Whether it
 * is a file shows when it is opened: to ask for each would take as long as all the rest.
 */
async function listBlobs(layout: StoreLayout): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  for (const algorithm of await directories(layout.blobs)) {
    const shards = await directories(algorithm);
    const listings = await Promise.all(shards.map((shard) => readdir(shard)));
    for (const [index, names] of listings.entries()) {
      const prefix = basename(shards[index] ?? '');
      for (const name of names) {
        const digest = parseDigest(`${basename(algorithm)}:${name}`);
        if (digest !== undefined && name.startsWith(prefix)) found.add(digest);
      }
    }
  }
  return found;
}

async function directories(parent: string): Promise<string[]> {
  const entries = await readdir(parent, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(parent, name));
}

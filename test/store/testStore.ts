import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../src/registry/digest.ts';
import type { BlobStore, BlobStoreOptions } from '../../src/store/blobStore.ts';
import { Store } from '../../src/store/store.ts';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import type { BlobContent } from '../support/blobContent.ts';
import { fixedBlob } from '../support/blobContent.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

/** A store on real files, with what it reported. */
export interface TestStore {
  readonly store: Store;
  readonly blobs: BlobStore;
  readonly layout: StoreLayout;
  /** `size reason` of each eviction, oldest first. */
  readonly evicted: readonly string[];
  readonly failed: readonly unknown[];
  /** Lets go of the directory; once the test ends at the latest. */
  close(): Promise<void>;
}

/**
 * Opens a store without bounds, unless they are given, in a directory of its own or the one given.
 * Each thing it stores is a millisecond younger than the one before.
 */
export async function openTestStore(
  t: Lifetime,
  options: Partial<BlobStoreOptions> & { readonly directory?: string } = {},
): Promise<TestStore> {
  const directory = options.directory ?? (await temporaryDirectory(t));
  const evicted: string[] = [];
  const failed: unknown[] = [];
  // Whatever was kept in a directory that is there already was kept before.
  let now = Date.UTC(2026, 0, 1, 0, options.directory === undefined ? 0 : 1);
  const store = await Store.open(directory, {
    maxSize: undefined,
    minFree: 0,
    memory: 0,
    now: () => (now += 1),
    evicted: (size, reason) => evicted.push(`${size} ${reason}`),
    failed: (error) => failed.push(error),
    ...options,
  });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= store.close());
  t.after(close);
  const layout = new StoreLayout(directory);
  return { store, blobs: store.blobs, layout, evicted, failed, close };
}

/** A blob of so many bytes that is like no other. */
export function uniqueBlob(size: number): BlobContent {
  return fixedBlob(
    randomUUID()
      .repeat(Math.ceil(size / 36))
      .slice(0, size),
  );
}

/** Writes a blob piece by piece, as a fill does, and has it kept. */
export async function fillBlob(blobs: BlobStore, content: BlobContent): Promise<void> {
  const growing = await blobs.begin(content.digest, content.size);
  try {
    for (const chunk of content.chunks(0, content.size)) await growing.append([chunk]);
    growing.verify();
    await blobs.keep(growing);
  } catch (error) {
    await growing.fail(error);
    throw error;
  } finally {
    await growing.release();
  }
}

/** The names of the files below a directory, those of finished blobs for instance. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** The digests that the catalog has an entry for, oldest name first. */
export async function catalogued({ store }: TestStore): Promise<string[]> {
  const entries = await Array.fromAsync(store.catalog.contents.entries());
  return entries.map(([digest]) => digest);
}

/** Whether the blob's file is there. */
export async function hasFile({ layout }: TestStore, digest: Digest): Promise<boolean> {
  const found = await stat(layout.blobFile(digest)).catch(() => undefined);
  return found !== undefined;
}

/** The files of blobs that are not complete. */
export function incomingFiles({ layout }: TestStore): Promise<string[]> {
  return readdir(join(layout.incoming));
}

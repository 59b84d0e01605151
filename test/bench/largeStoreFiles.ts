import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from 'node:fs';
import type { Digest } from '../../src/registry/digest.ts';
import type { Tag } from '../../src/registry/reference.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import {
  membershipKey,
  repositoryKey,
  tagKey,
  type ContentEntry,
  type Repository,
} from '../../src/store/catalog.ts';
import { Store } from '../../src/store/store.ts';
import { StoreLayout } from '../../src/store/storeLayout.ts';
import { Chance } from '../storm/chance.ts';
import { blobBytes } from '../support/blobContent.ts';
import { eachImage } from '../support/images.ts';
import { largeStoreImages, type LargeStoreScale, type TaggedImage } from './largeStoreImages.ts';

/** How many entries of each kind a store was given. */
export interface LargeStoreFigures {
  readonly blobs: number;
  readonly bytes: number;
  readonly tags: number;
  readonly memberships: number;
  /** Of so many blobs that are no manifests: the bytes of those that were used least recently. */
  readonly bytesOfOldest: (count: number) => number;
}

const host = 'docker.io';
const year = 365 * 24 * 3_600_000;
// Tags whose entries are written in one transaction.
const batch = 500;

/**
 * Makes a store as years of pulls would leave it, in seconds: its files and entries are written side by
 * side with the program's own store, which is told of none. All tags were confirmed `now`, so that no hit
 * asks an upstream.
 */
export async function writeLargeStore(
  directory: string,
  scale: LargeStoreScale,
  now: number,
): Promise<LargeStoreFigures> {
  const store = await Store.open(directory, {
    maxSize: undefined,
    minFree: 0,
    memory: 0,
    now: () => now,
    evicted: () => {},
    failed: (error) => {
      throw error;
    },
  });
  try {
    const writer = new LargeStoreWriter(store, new StoreLayout(directory), scale.seed, now);
    let images: TaggedImage[] = [];
    for (const image of largeStoreImages(scale)) {
      images.push(image);
      if (images.length < batch && writer.figures.tags > 0) continue;
      await writer.write(images);
      images = [];
    }
    await writer.write(images);
    return writer.figures;
  } finally {
    await store.close();
  }
}

class LargeStoreWriter {
  readonly #store: Store;
  readonly #layout: StoreLayout;
  readonly #chance: Chance;
  readonly #now: number;
  readonly #written = new Set<Digest>();
  readonly #shards = new Set<string>();
  #bytes = 0;
  #tags = 0;
  #memberships = 0;
  readonly #others: Array<{ readonly usedAt: number; readonly size: number }> = [];

  constructor(store: Store, layout: StoreLayout, seed: number, now: number) {
    this.#store = store;
    this.#layout = layout;
    this.#chance = new Chance(seed, 'times');
    this.#now = now;
  }

  get figures(): LargeStoreFigures {
    const { size: blobs } = this.#written;
    const bytesOfOldest = (count: number): number =>
      this.#others
        .toSorted((a, b) => a.usedAt - b.usedAt)
        .slice(0, count)
        .reduce((sum, { size }) => sum + size, 0);
    return {
      blobs,
      bytes: this.#bytes,
      tags: this.#tags,
      memberships: this.#memberships,
      bytesOfOldest,
    };
  }

  async write(images: readonly TaggedImage[]): Promise<void> {
    const { tags, contents, memberships, repositories } = this.#store.catalog;
    const held: Array<readonly [Digest, ContentEntry]> = [];
    const members = new Set<string>();
    for (const one of images) {
      const repository = repositoryOf(one);
      for (const { manifest, blobs } of eachImage(one.image)) {
        const { digest, mediaType, bytes } = manifest;
        held.push(...this.#keep(digest, bytes, mediaType));
        members.add(membershipKey(repository, digest));
        for (const blob of blobs) {
          held.push(...this.#keep(blob.digest, blobBytes(blob)));
          members.add(membershipKey(repository, blob.digest));
        }
      }
    }
    await contents.setMany(held);
    await memberships.setMany([...members].map((key) => [key, { generation: 0 }] as const));
    await tags.setMany(
      images.map((one) => [tagKey(repositoryOf(one), tagOf(one)), this.#entry(one)]),
    );
    const visibility = { isPublic: true, checkedAt: this.#now };
    await repositories.setMany(
      images.map((one) => [repositoryKey(repositoryOf(one)), { visibility }] as const),
    );
    this.#tags += images.length;
    this.#memberships += members.size;
  }

  #entry({ image: { manifest } }: TaggedImage) {
    const { digest, mediaType, bytes } = manifest;
    return { digest, mediaType, size: bytes.length, checkedAt: this.#now };
  }

  /** The entry of a blob that was not there before. */
  #keep(digest: Digest, bytes: Buffer, mediaType?: string): Array<readonly [Digest, ContentEntry]> {
    if (this.#written.has(digest)) return [];
    this.#written.add(digest);
    this.#bytes += bytes.length;
    const modifiedAt = this.#writeFile(digest, bytes);
    const storedAt = this.#now - this.#chance.whole(year / 2, year);
    // The first image is in use all the time: it is what is asked for while others have to go.
    const usedAt = this.#tags === 0 ? this.#now : storedAt + this.#chance.whole(0, year / 2);
    if (mediaType === undefined) this.#others.push({ usedAt, size: bytes.length });
    const typed = mediaType === undefined ? {} : { mediaType };
    return [[digest, { size: bytes.length, ...typed, storedAt, usedAt, modifiedAt }]];
  }

  #writeFile(digest: Digest, bytes: Buffer): number {
    const shard = this.#layout.blobDirectory(digest);
    if (!this.#shards.has(shard)) mkdirSync(shard, { recursive: true });
    this.#shards.add(shard);
    const file = openSync(this.#layout.blobFile(digest), 'wx');
    try {
      writeSync(file, bytes);
      return fstatSync(file).mtimeMs;
    } finally {
      closeSync(file);
    }
  }
}

function repositoryOf({ repository }: TaggedImage): Repository {
  const name = parseRepositoryName(repository);
  if (name === undefined) throw new Error(`${repository} is no name of a repository`);
  return { host, name };
}

function tagOf({ tag }: TaggedImage): Tag {
  return tag as Tag;
}

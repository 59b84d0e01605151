import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Digest } from '../../registry/digest.ts';
import type { Store } from '../../store/store.ts';
import { StoreLayout } from '../../store/storeLayout.ts';
import { KnownRepositories, type KnownRepository } from '../knownRepositories.ts';
import { Turns } from '../turns.ts';
import type { RepositoryUsage, Usage } from './usage.ts';

/** What a {@link UsageReport} is about. */
export interface UsageReportParts {
  readonly store: Pick<Store, 'blobs' | 'catalog'>;
  /** `storage.directory`. */
  readonly directory: string;
  /** Bytes; `undefined`: any number. */
  readonly maxSize: number | undefined;
  /** Bytes. */
  readonly minFree: number;
}

/** What takes up room of a cache. To look at it counts as no use. */
export class UsageReport {
  readonly #parts: UsageReportParts;

  constructor(parts: UsageReportParts) {
    this.#parts = parts;
  }

  /** Reads the whole catalog, but no file. Others get their turn meanwhile. */
  async usage(): Promise<Usage> {
    const { store, directory, maxSize, minFree } = this.#parts;
    return {
      directory: resolve(directory),
      maxSize: maxSize ?? null,
      minFree,
      diskFree: await store.blobs.freeBytes().catch(() => null),
      ...store.blobs.usage,
      catalog: await catalogBytes(directory),
      repositories: await this.#repositories(),
    };
  }

  async #repositories(): Promise<readonly RepositoryUsage[]> {
    const { blobs, catalog } = this.#parts.store;
    const isHeld = (digest: Digest) => blobs.describe(digest) !== undefined;
    const repositories = await KnownRepositories.read(catalog, isHeld);
    const turns = new Turns();
    const owners = new Map<Digest, number>();
    for (const { members } of repositories.values()) {
      for (const digest of members) {
        owners.set(digest, (owners.get(digest) ?? 0) + 1);
        await turns.next();
      }
    }
    const found: RepositoryUsage[] = [];
    for (const [repository, known] of repositories) {
      found.push({
        repository,
        tags: known.tags.size,
        ...(await this.#sizes(known, owners, turns)),
      });
    }
    return found.toSorted(bySize);
  }

  async #sizes(
    { members }: KnownRepository,
    owners: ReadonlyMap<Digest, number>,
    turns: Turns,
  ): Promise<{ size: number; sharedSize: number }> {
    const total = { size: 0, sharedSize: 0 };
    for (const digest of members) {
      const { size = 0 } = this.#parts.store.blobs.describe(digest) ?? {};
      total.size += size;
      if ((owners.get(digest) ?? 0) > 1) total.sharedSize += size;
      await turns.next();
    }
    return total;
  }
}

function bySize(one: RepositoryUsage, other: RepositoryUsage): number {
  return other.size - one.size || (one.repository < other.repository ? -1 : 1);
}

/** The database with its write-ahead log. */
async function catalogBytes(directory: string): Promise<number> {
  const { catalog } = new StoreLayout(directory);
  const files = [catalog, `${catalog}-wal`, `${catalog}-shm`];
  const sizes = await Promise.all(
    files.map(async (file) => (await stat(file).catch(() => undefined))?.size ?? 0),
  );
  return sizes.reduce((one, other) => one + other);
}

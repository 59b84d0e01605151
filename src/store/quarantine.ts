import { lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../registry/digest.ts';
import { errorCode, makeDirectory } from './blobFiles.ts';
import type { Expendable } from './expendable.ts';
import { addShares, noShare, type Share } from './share.ts';
import type { StoreLayout } from './storeLayout.ts';

/** A damaged file that is kept for a look at it. */
export interface QuarantinedFile {
  readonly path: string;
  readonly size: number;
  /** When it was found to be damaged, in milliseconds since the epoch. */
  readonly foundAt: number;
}

/** The bounds of a {@link Quarantine}. */
export interface QuarantineOptions {
  /** Bytes that all files in it together may take. */
  readonly maxSize: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A file could not be removed. */
  readonly failed: (error: unknown) => void;
}

/** Who has not looked at a damaged file by then does not want to. */
const quarantineLife = 7 * 24 * 3_600_000;

/**
 * The files that were found not to be the blobs that they were named after. They are never served, and kept
 * for a while: what is wrong with them may tell what is wrong with the disk.
 */
export class Quarantine implements Expendable {
  readonly #layout: StoreLayout;
  readonly #options: QuarantineOptions;
  /** By path, oldest first. */
  readonly #files = new Map<string, QuarantinedFile>();
  /** The paths of those that the disk does not let go; they take room, and are not tried again and again. */
  readonly #stuck = new Set<string>();
  #expected = 0;

  constructor(layout: StoreLayout, options: QuarantineOptions) {
    this.#layout = layout;
    this.#options = options;
  }

  get count(): number {
    return this.#files.size;
  }

  get bytes(): number {
    return this.#held + this.#expected;
  }

  /** Counts a file that is about to come, wherever it is until then; to be called back when it came, or won't. */
  expect(bytes: number): () => void {
    this.#expected += bytes;
    return () => {
      this.#expected -= bytes;
    };
  }

  /** Takes up what an earlier process left, oldest first. */
  load(files: Iterable<QuarantinedFile>): void {
    for (const file of files) this.#files.set(file.path, file);
  }

  /**
   * Moves what lies under the name of a blob here, and says where it is then; `undefined` when nothing was
   * there to keep, or more than there is room for: it lies where it was then.
   */
  async take(digest: Digest): Promise<string | undefined> {
    const { maxSize, now } = this.#options;
    const from = this.#layout.blobFile(digest);
    const found = await lstat(from).catch(() => undefined);
    if (found === undefined || !found.isFile() || found.size > maxSize) return undefined;
    const foundAt = now();
    const path = this.#layout.quarantineFile(digest, foundAt);
    await makeDirectory(this.#layout.quarantine);
    while (this.#held + found.size > maxSize) {
      if ((await this.dropOldest()) === undefined) return undefined;
    }
    await rename(from, path);
    this.#files.set(path, { path, size: found.size, foundAt });
    return path;
  }

  async dropOldest(): Promise<number | undefined> {
    for (const file of this.#files.values()) {
      if (this.#stuck.has(file.path)) continue;
      try {
        await this.#drop(file);
        return file.size;
      } catch (error) {
        this.#stuck.add(file.path);
        this.#options.failed(error);
      }
    }
    return undefined;
  }

  /** Removes the files that were kept for long enough, or says what they are. */
  async dropExpired(dryRun: boolean): Promise<Share> {
    const now = this.#options.now();
    let dropped = noShare;
    const files = [...this.#files.values()].filter(({ foundAt }) => now - foundAt > quarantineLife);
    for (const file of files) {
      if (!dryRun) await this.#drop(file);
      dropped = addShares(dropped, { count: 1, bytes: file.size });
    }
    return dropped;
  }

  async settled(): Promise<void> {}

  get #held(): number {
    return this.#files.values().reduce((sum, { size }) => sum + size, 0);
  }

  async #drop({ path }: QuarantinedFile): Promise<void> {
    await rm(path, { force: true, recursive: true });
    this.#files.delete(path);
  }
}

/** What an earlier process left in quarantine, oldest first. */
export async function readQuarantine(layout: StoreLayout): Promise<QuarantinedFile[]> {
  const files: QuarantinedFile[] = [];
  for (const name of await namesIn(layout.quarantine)) {
    const path = join(layout.quarantine, name);
    const { size, mtimeMs } = await lstat(path);
    files.push({ path, size, foundAt: layout.quarantineTime(path) ?? mtimeMs });
  }
  return files.toSorted((a, b) => a.foundAt - b.foundAt);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

import { randomUUID } from 'node:crypto';
import { access, mkdir, open, rename, rm, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Digest } from '../registry/digest.ts';
import type { StoreLayout } from './storeLayout.ts';

/** The files of blobs and the file system that they are on. */
export class BlobFiles {
  readonly #layout: StoreLayout;

  constructor(layout: StoreLayout) {
    this.#layout = layout;
  }

  /** A path that no file has yet, for a blob that is not complete. */
  newPath(digest: Digest): string {
    return this.#layout.incomingFile(digest, randomUUID());
  }

  /**
   * Gives a complete file its final name, so that a power cut takes neither the name nor the bytes.
   * The directory of all blobs is not made anew: where it is gone, a volume may have been unmounted, and
   * what is written in its place would fill the disk beneath.
   */
  async giveName(path: string, digest: Digest): Promise<void> {
    const directory = this.#layout.blobDirectory(digest);
    for (const one of [dirname(directory), directory]) await makeDirectory(one);
    await rename(path, this.#layout.blobFile(digest));
    const handle = await open(directory);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /**
   * Removes a finished blob, if it is there, or whatever somebody put under its name; who has it open can
   * read on.
   */
  async remove(digest: Digest): Promise<void> {
    const path = this.#layout.blobFile(digest);
    try {
      await unlink(path);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      await rm(path, { recursive: true, force: true });
    }
  }

  /**
   * Shows that the directory of all blobs is there.
   * @throws where it is not
   */
  async requireDirectory(): Promise<void> {
    await access(this.#layout.blobs);
  }

  /** Bytes of the file system that are free for this process. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#layout.root);
    return bavail * bsize;
  }

  /** Shows that files can be written and read. */
  async probe(): Promise<void> {
    const path = join(this.#layout.incoming, `probe-${randomUUID()}`);
    const file = await open(path, 'wx+');
    try {
      await file.writeFile('ok');
      await file.read(Buffer.alloc(2), 0, 2, 0);
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
  }
}

/** Makes a directory, if it is not there, in one that has to be. */
export async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

/** What the system said was wrong, such as `ENOENT`. */
export function errorCode(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

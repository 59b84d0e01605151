import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../registry/digest.ts';
import type { StoreLayout } from './storeLayout.ts';

/** The files of blobs and the file system that they are on. */
export class BlobFiles {
  readonly #layout: StoreLayout;

  constructor(layout: StoreLayout) {
    this.#layout = layout;
  }

  /** A path that no file has yet, for a blob that is not complete. */
  newPath(): string {
    return join(this.#layout.incoming, randomUUID());
  }

  /** Gives a complete file its final name, so that a power cut takes neither the name nor the bytes. */
  async giveName(path: string, digest: Digest): Promise<void> {
    const directory = this.#layout.blobDirectory(digest);
    await mkdir(directory, { recursive: true });
    await rename(path, this.#layout.blobFile(digest));
    const handle = await open(directory);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  /** Opens a finished blob; `undefined` when its file is not there or has another size. */
  async open(digest: Digest, size: number): Promise<FileHandle | undefined> {
    const file = await openIfThere(this.#layout.blobFile(digest));
    let isWhole = false;
    try {
      isWhole = (await file?.stat())?.size === size;
    } finally {
      if (!isWhole) await file?.close();
    }
    return isWhole ? file : undefined;
  }

  /** Removes a finished blob, if it is there; who has it open can read on. */
  async remove(digest: Digest): Promise<void> {
    await rm(this.#layout.blobFile(digest), { force: true });
  }

  /** Bytes of the file system that are free for this process. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#layout.root);
    return bavail * bsize;
  }

  /** Shows that files can be written and read. */
  async probe(): Promise<void> {
    const path = this.newPath();
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

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

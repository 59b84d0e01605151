import { open, type FileHandle } from 'node:fs/promises';
import { digestAlgorithm, digestFrom, digestOf, hashFor, type Digest } from '../registry/digest.ts';
import { asDamage, DamagedBlobError } from './blobDamage.ts';
import type { HeldFile } from './blobSource.ts';
import type { ContentEntry } from './catalog.ts';
import type { StoreLayout } from './storeLayout.ts';

/** Holds up the reading of so many bytes until it is their turn. */
export type Pace = (bytes: number) => Promise<void>;

// Hashing a piece keeps everything else waiting for about a millisecond.
const piece = 1024 * 1024;

/**
 * The files of finished blobs as they are met, which somebody may have changed behind the store's back.
 *
 * What is read whole is hashed each time: it is small, and stays in memory then. A large file is taken
 * for what it was when it was kept as long as its size and its time of modification are: to hash it at
 * each read would cost as much as to serve it. That finds what programs do to a file, and not what a
 * disk forgets without saying so.
 */
export class HeldFiles {
  readonly #layout: StoreLayout;
  /** The files that are being hashed, by digest and time of modification. */
  readonly #checks = new Map<string, Promise<Digest>>();

  constructor(layout: StoreLayout) {
    this.#layout = layout;
  }

  /**
   * Opens the file of a blob. One that was changed since its entry was written, or whose entry does not
   * say when that was, is hashed first, once however many ask.
   * @throws {DamagedBlobError}
   */
  async open(digest: Digest, entry: ContentEntry): Promise<HeldFile> {
    return this.#withFile(digest, async (file) => {
      const { size, mtimeMs: modifiedAt } = await file.stat();
      requireSize(digest, size, entry);
      if (modifiedAt !== entry.modifiedAt) {
        requireDigest(digest, await this.#digestOf(file, digest, { size, modifiedAt }));
      }
      return { file, modifiedAt };
    });
  }

  /**
   * Reads a blob whole.
   * @throws {DamagedBlobError}
   */
  async read(digest: Digest, entry: ContentEntry): Promise<Buffer> {
    const { file, bytes } = await this.#withFile(digest, async (opened) => {
      requireSize(digest, (await opened.stat()).size, entry);
      const read = await opened.readFile();
      requireDigest(digest, digestOf(read, digestAlgorithm(digest)));
      return { file: opened, bytes: read };
    });
    await file.close();
    return bytes;
  }

  /**
   * Hashes the file of a blob whatever its time of modification is, and says what that was. `pace` is
   * awaited before each piece, with the bytes of it.
   * @throws {DamagedBlobError}
   */
  async verify(digest: Digest, entry: ContentEntry, pace: Pace): Promise<number> {
    const { file, modifiedAt } = await this.#withFile(digest, async (opened) => {
      const { size, mtimeMs } = await opened.stat();
      requireSize(digest, size, entry);
      requireDigest(digest, await hashFile(opened, digest, size, pace));
      return { file: opened, modifiedAt: mtimeMs };
    });
    await file.close();
    return modifiedAt;
  }

  /** Opens the file for some work, and closes it should that fail. */
  async #withFile<Result>(
    digest: Digest,
    work: (file: FileHandle) => Promise<Result>,
  ): Promise<Result> {
    let file: FileHandle | undefined;
    try {
      file = await open(this.#layout.blobFile(digest));
      return await work(file);
    } catch (error) {
      await file?.close();
      throw asDamage(digest, error);
    }
  }

  #digestOf(
    file: FileHandle,
    digest: Digest,
    { size, modifiedAt }: { readonly size: number; readonly modifiedAt: number },
  ): Promise<Digest> {
    const key = `${digest} ${modifiedAt}`;
    const running = this.#checks.get(key);
    if (running !== undefined) return running;
    const check = hashFile(file, digest, size).finally(() => this.#checks.delete(key));
    this.#checks.set(key, check);
    return check;
  }
}

function requireSize(digest: Digest, size: number, entry: ContentEntry): void {
  if (size !== entry.size) throw new DamagedBlobError(digest, `${size} bytes, not ${entry.size}`);
}

function requireDigest(digest: Digest, actual: Digest): void {
  if (actual !== digest) throw new DamagedBlobError(digest, `its bytes hash to ${actual}`);
}

/** Hashes a file from its start, by the algorithm of the digest. */
async function hashFile(
  file: FileHandle,
  digest: Digest,
  size: number,
  pace?: Pace,
): Promise<Digest> {
  const hash = hashFor(digest);
  // A whole piece for each of many small files has the garbage collected every few of them. A byte beyond the
  // size shows what was added since.
  const buffer = Buffer.alloc(Math.min(piece, size + 1));
  for (let position = 0; ;) {
    const rest = size - position;
    if (rest > 0) await pace?.(Math.min(piece, rest));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return digestFrom(digestAlgorithm(digest), hash);
    hash.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

import type { Hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { contentNature, natureBytes } from '../registry/contentNature.ts';
import { digestAlgorithm, digestFrom, hashFor, type Digest } from '../registry/digest.ts';
import type { BlobSource } from '../store/blobSource.ts';
import { DigestMismatchError } from '../store/growingBlob.ts';
import { BlobTransfer } from './blobTransfer.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { MirrorObserver } from './mirrorObserver.ts';
import { openPatiently, type Patience } from './openPatiently.ts';
import { progress, Retries } from './retries.ts';

// Hashing a piece keeps everything else waiting for about a millisecond.
const piece = 1024 * 1024;
// Each slow client has as much of its own.
const ahead = 64 * 1024;

/** What a {@link PassThroughSource} works with. */
export interface PassThroughParts extends Patience {
  readonly repository: MirroredRepository;
  readonly digest: Digest;
  readonly observer: MirrorObserver;
}

/**
 * A blob that the disk has no room for, straight from the upstream to one reader. It is for reading
 * from front to back; a read elsewhere starts a new transfer there. A transfer that breaks is taken up
 * again, and whoever reads the whole blob gets its last bytes only if it hashed to its digest.
 */
export class PassThroughSource implements BlobSource {
  readonly #parts: PassThroughParts;
  readonly #abort = new AbortController();
  readonly #retries: Retries;
  #hash: Hash;
  #hashed = 0;
  /** The first bytes, to tell what they are if they are not the right ones. */
  #head: Buffer = Buffer.alloc(0);
  #size: number | undefined;
  #transfer: BlobTransfer | undefined;
  /** What came in and was not read yet. */
  #chunks: Buffer[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #position = 0;
  /** Where the transfer before this one broke. */
  #brokeAt = 0;

  constructor(parts: PassThroughParts) {
    this.#parts = parts;
    this.#retries = new Retries(parts.resumeDelays);
    this.#hash = hashFor(parts.digest);
  }

  get size(): number | undefined {
    return this.#size;
  }

  /** Settles when the upstream's headers are in, and with them the size if it said one. */
  async start(): Promise<void> {
    await openPatiently(() => this.#seek(0), this.#parts, this.#abort.signal);
  }

  async read(buffer: Buffer, position: number): Promise<number> {
    if (position !== this.#position) this.#drop();
    for (;;) {
      try {
        if (this.#transfer === undefined) await this.#seek(position);
        return this.#verified(buffer.subarray(0, await this.#take(buffer)), position);
      } catch (error) {
        const delay = this.#delayAfter(error);
        if (delay === undefined) throw error;
        this.#drop();
        await sleep(delay, undefined, { signal: this.#abort.signal });
      }
    }
  }

  /**
   * Goes on from `position` in the place of a source that gave out there. What that gave is hashed, or
   * fetched once more where it can't be read: the end is told from it whether all was right.
   */
  async takeOver(from: BlobSource, position: number): Promise<void> {
    try {
      await this.#hashUntil(position, (buffer, at) => from.read(buffer, at));
    } catch {
      this.#hash = hashFor(this.#parts.digest);
      this.#hashed = 0;
      await this.#discardUntil(position);
    }
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#drop();
  }

  async #hashUntil(
    position: number,
    read: (buffer: Buffer, at: number) => Promise<number>,
  ): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(piece, position));
    while (this.#hashed < position) {
      const wanted = buffer.subarray(0, Math.min(buffer.length, position - this.#hashed));
      const count = await read(wanted, this.#hashed);
      if (count === 0) throw new Error('less can be read than was read before');
      this.#hash.update(wanted.subarray(0, count));
      this.#hashed += count;
    }
  }

  /** Reads on from the start, which hashes by itself. */
  async #discardUntil(position: number): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(piece, position));
    for (let at = 0; at < position;) {
      const count = await this.read(buffer.subarray(0, Math.min(piece, position - at)), at);
      if (count === 0) return;
      at += count;
    }
  }

  /** Whoever gets little each time has as many tries as one that gets nothing. */
  #delayAfter(error: unknown): number | undefined {
    if (this.#position - this.#brokeAt >= progress) this.#retries.progressed();
    this.#brokeAt = this.#position;
    return this.#retries.next(error);
  }

  /** Starts a transfer. A far side that ignores Range begins at the front: that much is read over. */
  async #seek(position: number): Promise<void> {
    const { repository, digest, observer } = this.#parts;
    const { signal } = this.#abort;
    const parts = { repository, digest, observer, signal, ahead };
    const transfer = await BlobTransfer.open(position, parts);
    this.#size ??= transfer.size;
    this.#transfer = transfer;
    this.#position = transfer.offset;
    const skipped = Buffer.alloc(Math.min(position - transfer.offset, 65_536));
    while (this.#position < position) {
      const wanted = skipped.subarray(0, position - this.#position);
      if ((await this.#take(wanted)) === 0) return;
    }
  }

  /** The next bytes of the transfer, as many as there are at once; none at its end. */
  async #take(buffer: Buffer): Promise<number> {
    while (this.#rest.length === 0) {
      const next = await this.#next();
      if (next === undefined) return 0;
      this.#rest = next;
    }
    const copied = this.#rest.copy(buffer);
    this.#transfer?.recycle?.(this.#rest.subarray(0, copied));
    this.#rest = this.#rest.subarray(copied);
    this.#position += copied;
    return copied;
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#chunks.length === 0) this.#chunks = (await this.#transfer?.take()) ?? [];
    const next = this.#chunks.shift();
    if (next !== undefined) return next;
    if (this.#position < (this.#size ?? 0)) {
      throw this.#transfer?.brokeOff('it ended before its size was reached');
    }
    return undefined;
  }

  /** Hashes what is handed out, as long as that is the whole blob, and holds the end back if it is wrong. */
  #verified(bytes: Buffer, position: number): number {
    const { digest, observer, repository } = this.#parts;
    if (position !== this.#hashed) return bytes.length;
    if (position === 0) this.#head = Buffer.from(bytes.subarray(0, natureBytes));
    this.#hash.update(bytes);
    this.#hashed += bytes.length;
    const ended = this.#size === undefined ? bytes.length === 0 : this.#hashed >= this.#size;
    if (!ended) return bytes.length;
    // The hash can be asked for once; what is read after this is not from front to back.
    this.#hashed = Number.NaN;
    const actual = digestFrom(digestAlgorithm(digest), this.#hash);
    if (actual === digest) return bytes.length;
    const mismatch = { expected: digest, actual, nature: contentNature(this.#head), heldBefore: 0 };
    observer.digestMismatched(repository.host, mismatch);
    throw new DigestMismatchError(digest, actual);
  }

  #drop(): void {
    this.#transfer?.destroy();
    this.#transfer = undefined;
    this.#chunks = [];
    this.#rest = Buffer.alloc(0);
  }
}

import type { Hash } from 'node:crypto';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { digestAlgorithm, digestFrom, hashFor, type Digest } from '../registry/digest.ts';
import type { BlobSource } from './blobSource.ts';
import { RecentBytes, RecentMemory, type Recycle } from './recentBytes.ts';
import type { RoomClaim } from './roomClaims.ts';
import { writeAll } from './writeAll.ts';

/** Bytes that turned out not to be what their digest says. */
export class DigestMismatchError extends Error {
  readonly expected: Digest;
  readonly actual: Digest;

  constructor(expected: Digest, actual: Digest) {
    super(`expected ${expected}, got bytes that hash to ${actual}`);
    this.name = 'DigestMismatchError';
    this.expected = expected;
    this.actual = actual;
  }
}

// Hashing a piece keeps everything else waiting for about a millisecond.
const rehashPiece = 1024 * 1024;
// At most so much is written in one call, hashed in one go, and had by readers at a time: each write wakes a
// thread and then this one, which costs as much as 100 KiB of it. A GiB from loopback took 1.8 to 2.1 s, and
// 256 KiB at a time 2.3 to 3.5. Not so on a virtual machine that gives free memory back to its host: there
// larger pieces take memory that was given back, 4.0 s where smaller ones took 3.5.
const pieceBytes = 1024 * 1024;
// Of a blob whose size nobody said: what is asked for beyond what it needs now.
const reservedAhead = 8 * 1024 * 1024;

interface Beginning {
  readonly digest: Digest;
  readonly path: string;
  readonly room: RoomClaim | undefined;
  readonly file: FileHandle;
  readonly recent: RecentMemory | undefined;
  /** Bytes that the file has already. */
  readonly length: number;
}

type State = { kind: 'growing' } | { kind: 'verified' } | { kind: 'failed'; error: Error };

/**
 * A blob that is being written and can be read meanwhile, by any number of readers. Its file has a
 * temporary name until the bytes have hashed to the digest.
 *
 * The last byte is held back until then: a reader of spoiled bytes is cut off before the end and can
 * never take them for complete.
 */
export class GrowingBlob {
  readonly digest: Digest;
  readonly path: string;
  /** The room that it has on the disk; `undefined`: as much as there is. */
  readonly room: RoomClaim | undefined;
  readonly #file: FileHandle;
  readonly #hash: Hash;
  readonly #copy = Symbol('what is being written');
  readonly #recent: RecentBytes;
  /** Bytes that an earlier one left, and that are yet to be hashed. */
  #heldBefore: number;
  #size: number | undefined;
  #length: number;
  #state: State = { kind: 'growing' };
  #changed = Promise.withResolvers<void>();
  #readers = 0;
  #released = false;

  private constructor({ digest, path, room, recent, file, length }: Beginning) {
    this.digest = digest;
    this.path = path;
    this.room = room;
    this.#file = file;
    this.#recent = new RecentBytes(recent ?? new RecentMemory());
    this.#hash = hashFor(digest);
    this.#length = length;
    this.#heldBefore = length;
    room?.wrote(length);
  }

  /** Starts an empty one at `path`, which must not exist. `recent` is for what readers will want next. */
  static async create(
    digest: Digest,
    path: string,
    room?: RoomClaim,
    recent?: RecentMemory,
  ): Promise<GrowingBlob> {
    const file = await open(path, 'wx+');
    return new GrowingBlob({ digest, path, room, recent, file, length: 0 });
  }

  /**
   * Goes on with the file that an earlier one left, less its last byte: if that was the blob's last one
   * too, there would be nothing to ask the upstream for. {@link rehash} has to come before all else.
   */
  static async resume(
    digest: Digest,
    path: string,
    room?: RoomClaim,
    recent?: RecentMemory,
  ): Promise<GrowingBlob> {
    const file = await open(path, 'r+');
    try {
      const { size } = await file.stat();
      const length = Math.max(0, size - 1);
      await file.truncate(length);
      return new GrowingBlob({ digest, path, room, recent, file, length });
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** How far it has come. */
  get state(): State['kind'] {
    return this.#state.kind;
  }

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of the whole blob, where it is known. */
  get size(): number | undefined {
    return this.#size;
  }

  /** How many readers it has now. */
  get readers(): number {
    return this.#readers;
  }

  /** Says how large the blob will be, as soon as the upstream's headers tell. */
  announceSize(size: number): void {
    this.#size = size;
  }

  /**
   * Hashes what an earlier one left. Readers can have it at once: whether it is right is told before they
   * get the last byte.
   */
  async rehash(): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(rehashPiece, this.#heldBefore));
    for (let position = 0; position < this.#heldBefore;) {
      const wanted = Math.min(buffer.length, this.#heldBefore - position);
      const { bytesRead } = await this.#file.read(buffer, 0, wanted, position);
      if (bytesRead === 0) throw new Error(`${this.path} was cut while it was read`);
      this.#hash.update(buffer.subarray(0, bytesRead));
      position += bytesRead;
    }
    this.#heldBefore = 0;
  }

  /** The first bytes, up to so many of them. */
  async head(bytes: number): Promise<Buffer> {
    const buffer = Buffer.alloc(Math.min(bytes, this.#length));
    const { bytesRead } = await this.#file.read(buffer, 0, buffer.length, 0);
    return buffer.subarray(0, bytesRead);
  }

  /**
   * Adds bytes at the end and lets readers have them. One call at a time. The chunks must not change until
   * each was given to `recycle`, when nobody reads it any more.
   * @throws when there is no room for them or they can't be written, after which readers are cut off and it
   * takes no more
   */
  async append(chunks: readonly Buffer[], recycle?: Recycle): Promise<void> {
    this.#requireGrowing();
    try {
      await this.#makeRoom(chunks);
      for (const piece of piecesOf(chunks)) await this.#write(piece, recycle);
    } catch (error) {
      this.cutOff(error);
      throw error;
    }
  }

  /**
   * Compares the bytes with the digest and, when they agree, lets readers have the last one.
   * @throws {DigestMismatchError} after which readers are cut off
   */
  verify(): void {
    this.#requireGrowing();
    const actual = digestFrom(digestAlgorithm(this.digest), this.#hash);
    if (actual !== this.digest) {
      const error = new DigestMismatchError(this.digest, actual);
      this.cutOff(error);
      throw error;
    }
    this.#size = this.#length;
    this.#state = { kind: 'verified' };
    this.#wake();
  }

  /** Forces the bytes to the disk, before the file gets its final name. */
  async flush(): Promise<void> {
    await this.#file.sync();
  }

  /**
   * Takes no more, and leaves the file. Unless they may have the whole blob already, readers get what was
   * written, less the last byte, and then the error.
   */
  cutOff(cause: unknown): void {
    if (this.#state.kind !== 'growing') return;
    const error = cause instanceof Error ? cause : new Error(String(cause));
    this.#state = { kind: 'failed', error };
    this.#wake();
  }

  /**
   * Takes no more, as {@link cutOff}, and removes the file. One that a broken disk does not let go is swept
   * by the next process: the error to tell of is the one that led here.
   */
  async fail(cause: unknown): Promise<void> {
    this.cutOff(cause);
    await Promise.allSettled([rm(this.path, { force: true })]);
    this.room?.release();
  }

  /** To be called by the writer, when it is done with the file, however that ended. */
  async release(): Promise<void> {
    this.cutOff(new Error(`${this.digest} was not written to its end`));
    this.#released = true;
    this.#recent.clear();
    this.room?.release();
    await this.#closeWhenLeft();
  }

  /**
   * A reader of its own; readers may come before the first byte and stay after the last.
   * @throws when the writer and all readers have left: the blob is in the store then, or lost
   */
  openSource(): BlobSource {
    if (this.#isLeft) throw new Error(`${this.digest} is not being written any more`);
    this.#readers += 1;
    let reading = true;
    const currentSize = () => this.#size;
    return {
      get size() {
        return currentSize();
      },
      copy: this.#copy,
      read: (buffer, position) => this.#read(buffer, position),
      close: async () => {
        if (!reading) return;
        reading = false;
        this.#readers -= 1;
        await this.#closeWhenLeft();
      },
    };
  }

  async #write(chunks: readonly Buffer[], recycle: Recycle | undefined): Promise<void> {
    const written = writeAll(this.#file, chunks, this.#length);
    // Hashed while the disk is at work.
    for (const chunk of chunks) this.#hash.update(chunk);
    const end = await written;
    this.#remember(chunks, recycle);
    this.#length = end;
    this.room?.wrote(end);
    this.#wake();
  }

  /** Nobody reads what comes in while there is no reader: one that comes later begins at the front. */
  #remember(chunks: readonly Buffer[], recycle: Recycle | undefined): void {
    if (this.#readers === 0) {
      this.#recent.clear();
      for (const chunk of chunks) recycle?.(chunk);
      return;
    }
    let start = this.#length;
    for (const chunk of chunks) {
      this.#recent.add(start, chunk, recycle);
      start += chunk.length;
    }
  }

  /** Of a blob whose size the upstream did not say, nobody knew beforehand how much room it needs. */
  async #makeRoom(chunks: readonly Buffer[]): Promise<void> {
    if (this.room === undefined) return;
    const end = chunks.reduce((sum, { length }) => sum + length, this.#length);
    const ahead = this.#size === undefined ? reservedAhead : 0;
    if (end > this.room.bytes) await this.room.reach(end, ahead);
  }

  async #read(buffer: Buffer, position: number): Promise<number> {
    for (;;) {
      const wanted = Math.min(buffer.length, this.#readable - position);
      if (wanted > 0) {
        const copied = this.#recent.copy(buffer.subarray(0, wanted), position);
        if (copied > 0) return copied;
        return (await this.#file.read(buffer, 0, wanted, position)).bytesRead;
      }
      if (this.#state.kind === 'verified') return 0;
      if (this.#state.kind === 'failed') throw this.#state.error;
      await this.#changed.promise;
    }
  }

  get #readable(): number {
    return this.#state.kind === 'verified' ? this.#length : Math.max(0, this.#length - 1);
  }

  #requireGrowing(): void {
    if (this.#state.kind === 'failed') throw this.#state.error;
    if (this.#state.kind === 'verified') throw new Error(`${this.digest} is complete`);
    if (this.#heldBefore > 0) throw new Error(`${this.digest} has bytes that are not hashed yet`);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  get #isLeft(): boolean {
    return this.#released && this.#readers === 0;
  }

  async #closeWhenLeft(): Promise<void> {
    if (this.#isLeft) await this.#file.close();
  }
}

/** The chunks in pieces of {@link pieceBytes}, the last with what is left. */
function* piecesOf(chunks: readonly Buffer[]): Generator<Buffer[]> {
  let piece: Buffer[] = [];
  let left = pieceBytes;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + left);
      piece.push(part);
      at += part.length;
      left -= part.length;
      if (left > 0) continue;
      yield piece;
      piece = [];
      left = pieceBytes;
    }
  }
  if (piece.length > 0) yield piece;
}

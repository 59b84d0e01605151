import { setTimeout as sleep } from 'node:timers/promises';
import type { GrowingBlob } from '../store/growingBlob.ts';
import { isBeyondEnd, WrongSizeError, type BlobTransfer } from './blobTransfer.ts';
import type { MirrorObserver } from './mirrorObserver.ts';
import { progress, Retries } from './retries.ts';

/** What a {@link Reception} works with. */
export interface ReceptionParts {
  readonly growing: GrowingBlob;
  /** The upstream's name. */
  readonly host: string;
  readonly observer: MirrorObserver;
  /** Milliseconds to wait before the resumes of a broken transfer; as many as there are entries. */
  readonly resumeDelays: readonly number[];
  /** Opens a transfer at an offset. */
  readonly open: (offset: number) => Promise<BlobTransfer>;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Takes in one blob from its upstream, however often the transfer breaks on the way. */
export class Reception {
  readonly #parts: ReceptionParts;
  readonly #retries: Retries;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#retries = new Retries(parts.resumeDelays);
  }

  /** Settles when all bytes are in; whether they are the right ones is yet to be seen. */
  async run(first: BlobTransfer): Promise<void> {
    const { growing } = this.#parts;
    let transfer: BlobTransfer | undefined = first;
    await this.#rehash(first);
    for (;;) {
      const { length } = growing;
      try {
        transfer ??= await this.#resume();
        await this.#pump(transfer);
        return;
      } catch (error) {
        if (this.#isAtEnd(error)) return;
        transfer = undefined;
        if (growing.length - length >= progress) this.#retries.progressed();
        await this.#waitToRetry(error);
      }
    }
  }

  /** What was held before is hashed while the upstream's first bytes wait in the socket. */
  async #rehash(first: BlobTransfer): Promise<void> {
    try {
      await this.#parts.growing.rehash();
    } catch (error) {
      first.destroy();
      throw error;
    }
  }

  async #resume(): Promise<BlobTransfer> {
    const { growing, open, observer, host } = this.#parts;
    const transfer = await open(growing.length);
    observer.fillResumed(host);
    return transfer;
  }

  /** A transfer may have broken after its last byte: then there is none to resume from. */
  #isAtEnd(error: unknown): boolean {
    const { size, length } = this.#parts.growing;
    return size === undefined ? isBeyondEnd(error) : length === size;
  }

  /** Throws the error if it is not to be tried again, such as that the blob ends before it should. */
  async #waitToRetry(error: unknown): Promise<void> {
    const delay = isBeyondEnd(error) ? undefined : this.#retries.next(error);
    if (delay === undefined) throw error;
    await sleep(delay, undefined, { signal: this.#parts.signal });
  }

  /** Writes one transfer down, less what is held already of it. */
  async #pump(transfer: BlobTransfer): Promise<void> {
    const { growing, host } = this.#parts;
    const { offset, size } = transfer;
    try {
      if (size !== undefined && growing.size !== undefined && size !== growing.size) {
        throw new WrongSizeError(host, `now says that ${growing.digest} has another size`);
      }
      await this.#pour(transfer, growing.length - offset);
    } finally {
      transfer.destroy();
    }
    if (growing.size !== undefined && growing.length < growing.size) {
      throw transfer.brokeOff('it ended before its size was reached');
    }
  }

  /**
   * Writes down what comes in, all that came in while the disk was busy at once. The first `skip` bytes are
   * left out.
   */
  async #pour(transfer: BlobTransfer, skip: number): Promise<void> {
    let toSkip = skip;
    for (;;) {
      const chunks = await transfer.take();
      if (chunks === undefined) return;
      const fresh = toSkip > 0 ? skipBytes(chunks, toSkip) : chunks;
      toSkip -= bytesOf(chunks) - bytesOf(fresh);
      await this.#append(fresh, transfer.recycle);
    }
  }

  /** Bytes beyond the size that clients were told would let them take the others for complete. */
  async #append(chunks: readonly Buffer[], recycle: BlobTransfer['recycle']): Promise<void> {
    const { growing, host } = this.#parts;
    if (growing.size !== undefined && growing.length + bytesOf(chunks) > growing.size) {
      throw new WrongSizeError(host, `sent more of ${growing.digest} than it said`);
    }
    await growing.append(chunks, recycle);
  }
}

function bytesOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function skipBytes(chunks: readonly Buffer[], count: number): Buffer[] {
  let left = count;
  return chunks.map((chunk) => {
    const fresh = chunk.subarray(Math.min(left, chunk.length));
    left -= chunk.length - fresh.length;
    return fresh;
  });
}

import { digestAlgorithm, digestOf, type Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { BlobBody } from '../upstream/upstream.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import { ChunkQueue } from './chunkQueue.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { MirrorObserver } from './mirrorObserver.ts';

const nothing = Buffer.alloc(0);

/** What a {@link BlobTransfer} is opened with. */
export interface TransferParts {
  readonly repository: MirroredRepository;
  readonly digest: Digest;
  readonly observer: MirrorObserver;
  /** Ends it, at any time. */
  readonly signal: AbortSignal;
  /** How many bytes may be ahead of whoever takes them, where that is not a disk. */
  readonly ahead?: number;
}

/** A blob, or the rest of one, on its way from the upstream. Whoever opens one must destroy it. */
export class BlobTransfer {
  /** Where in the blob it begins: 0, or the offset asked for when the far side honoured it. */
  readonly offset: number;
  /** Bytes of the whole blob, where the far side said it. */
  readonly size: number | undefined;
  /** Takes back the memory of what was taken, once nobody reads it any more. */
  readonly recycle: BlobBody['recycle'];
  readonly #body: BlobBody['body'];
  readonly #queue: ChunkQueue;
  readonly #parts: TransferParts;

  private constructor({ offset, size, body, recycle }: BlobBody, parts: TransferParts) {
    this.offset = offset;
    this.size = size;
    this.recycle = recycle;
    this.#body = body;
    this.#queue = new ChunkQueue(body, parts.ahead);
    this.#parts = parts;
  }

  /**
   * Starts one at an offset, through a fresh redirect: signed addresses expire. One that is said to be empty
   * is looked at here: its answer would be complete as soon as it began.
   * @throws {RegistryError} when the repository has no such blob
   * @throws {UpstreamError}
   */
  static async open(offset: number, parts: TransferParts): Promise<BlobTransfer> {
    const { repository, digest, signal } = parts;
    const { upstream, name } = repository;
    const body = await upstream.getBlob(name, digest, offset, signal);
    if (body === undefined) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
    if (body.size === 0 && digest !== digestOf(nothing, digestAlgorithm(digest))) {
      body.body.destroy();
      throw new UpstreamError(repository.host, 'server_error', `sent no byte of ${digest}`);
    }
    return new BlobTransfer(body, parts);
  }

  /**
   * What has come in since the last call, as soon as something has, and counted; `undefined` at its end.
   * What came in before a break is had before the break is.
   * @throws {UpstreamError} when it breaks off
   */
  async take(): Promise<Buffer[] | undefined> {
    const { repository, observer } = this.#parts;
    let chunks: Buffer[] | undefined;
    try {
      chunks = await this.#queue.take();
    } catch (error) {
      throw this.brokeOff(error instanceof Error ? error.message : 'failed');
    }
    for (const { length } of chunks ?? []) observer.pulledBytes(repository.host, 'blob', length);
    return chunks;
  }

  /** The error for a transfer that ended before its end. */
  brokeOff(reason: string): UpstreamError {
    const { repository, digest } = this.#parts;
    return new UpstreamError(repository.host, 'unreachable', `broke off ${digest}: ${reason}`);
  }

  /** Ends it, and its connection if there is more to come. */
  destroy(): void {
    this.#body.destroy();
  }
}

/** The upstream contradicts itself about how long a blob is: not all that it sent can be of this blob. */
export class WrongSizeError extends UpstreamError {
  constructor(host: string, message: string) {
    super(host, 'server_error', message);
    this.name = 'WrongSizeError';
  }
}

/** Whether a transfer was to begin beyond the end of the blob, as the upstream has it. */
export function isBeyondEnd(error: unknown): boolean {
  return error instanceof UpstreamError && error.status === 416;
}

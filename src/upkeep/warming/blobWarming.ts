import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobFill } from '../../mirror/blobFill.ts';
import { offlineError } from '../../mirror/clientError.ts';
import type { MirroredRepository } from '../../mirror/mirroredUpstream.ts';
import type { Digest } from '../../registry/digest.ts';
import { repositoryKey } from '../../store/catalog.ts';
import { mayPass, noRoomError } from './warmingFailure.ts';
import type { WarmerParts } from './warmerParts.ts';

/** One blob that an image needs, on its way into the cache. */
export class BlobWarming {
  readonly digest: Digest;
  readonly #parts: WarmerParts;
  readonly #repository: MirroredRepository;
  readonly #claimedSize: number;
  #fill: BlobFill | undefined;
  /** What the fill had brought for others before. */
  #receivedBefore = 0;
  /** Bytes that came in by fills that are over. */
  #fetchedBefore = 0;

  /** `claimedSize`: in bytes, as the manifest has it. */
  constructor(
    parts: WarmerParts,
    repository: MirroredRepository,
    blob: { readonly digest: Digest; readonly size: number },
  ) {
    this.#parts = parts;
    this.#repository = repository;
    this.digest = blob.digest;
    this.#claimedSize = blob.size;
  }

  /** Bytes of all of it. */
  get size(): number {
    return this.#parts.blobs.describe(this.digest)?.size ?? this.#claimedSize;
  }

  /** Bytes of it that are here. */
  get length(): number {
    const held = this.#parts.blobs.describe(this.digest);
    return held?.size ?? Math.min(this.#fill?.length ?? 0, this.#claimedSize);
  }

  /** Bytes that came in since it was asked for. */
  get fetched(): number {
    return this.#fetchedBefore + ((this.#fill?.received ?? 0) - this.#receivedBefore);
  }

  get isHeld(): boolean {
    return this.#parts.blobs.describe(this.digest) !== undefined;
  }

  /**
   * Settles when it is in the cache, used just now. What may pass is tried again after a pause. The fill
   * belongs to the cache: it goes on when the signal ends the waiting.
   */
  async run(signal: AbortSignal): Promise<void> {
    for (const pause of this.#parts.retryDelays) {
      try {
        return await this.#get(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!mayPass(error) && !this.#concernsAnother()) throw error;
      }
      await sleep(pause, undefined, { signal });
    }
    await this.#get(signal);
  }

  async #get(signal: AbortSignal): Promise<void> {
    const { blobs, offline } = this.#parts;
    if (!this.isHeld) {
      if (offline) throw offlineError(this.#repository.host);
      await this.#fetch(signal);
      if (!this.isHeld) throw noRoomError();
    }
    blobs.use(this.digest);
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const { fill } = this.#parts.mirror.fills.join(this.#repository, this.digest);
    this.#fetchedBefore = this.fetched;
    this.#receivedBefore = fill.received;
    this.#fill = fill;
    await unlessAborted(fill.finished, signal);
  }

  /** What another repository lacks, or its upstream fails to do, says nothing about this one. */
  #concernsAnother(): boolean {
    const filled = this.#fill?.repository;
    return filled !== undefined && repositoryKey(filled) !== repositoryKey(this.#repository);
  }
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

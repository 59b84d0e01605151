import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Digest } from '../../registry/digest.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import type { Catalog } from '../../store/catalog.ts';
import { DigestOrder, type SizedDigest } from './digestOrder.ts';
import type { Sleep } from './pace.ts';
import type { DamageFound, VerificationProgress } from './verification.ts';
import type { VerificationCursor } from './verificationCursor.ts';

/** What is verified: all of a store, or what a test has of one. */
export interface VerifiedStore {
  readonly blobs: Pick<BlobStore, 'held' | 'verify'>;
  readonly catalog: Pick<Catalog, 'states'>;
}

/** What is done on the way through the store. */
export interface PassSteps {
  /** Awaited before each piece of so many bytes is read; rejects to end the pass there. */
  pace(bytes: number): Promise<void>;
  /** A blob is done; `damaged`: and should never be counted as done a second time. */
  moved(cursor: VerificationCursor, damaged: boolean): Promise<void>;
  damaged(found: DamageFound): Promise<void>;
  readonly sleep: Sleep;
  /** Ends the pass where it is. */
  readonly signal: AbortSignal;
}

// Of those that take no time at all, as what was evicted: others get their turn after so many.
const perTurn = 500;

// A process that has no descriptor left for the moment has one again when others have ended.
const patience = [100, 1000, 5000] as const;

/**
 * One walk through all that is held, in the order of digests, from where a cursor stands. What is added
 * meanwhile was hashed when it came; what is evicted meanwhile is left out.
 */
export class VerificationPass {
  readonly #store: VerifiedStore;
  readonly #order: DigestOrder;
  #cursor: VerificationCursor;
  #totalBlobs: number;
  #totalBytes: number;
  /** Bytes of the blob that is being read. */
  #begun = 0;

  private constructor(store: VerifiedStore, cursor: VerificationCursor, order: DigestOrder) {
    this.#store = store;
    this.#cursor = cursor;
    this.#order = order;
    this.#totalBlobs = cursor.blobs + order.count;
    this.#totalBytes = cursor.bytes + order.bytes;
  }

  /** Looks what there is to verify. */
  static async prepare(
    store: VerifiedStore,
    cursor: VerificationCursor,
  ): Promise<VerificationPass> {
    const order = new DigestOrder(cursor.last);
    let taken = 0;
    for (const [digest, { size }] of store.blobs.held()) {
      order.add(digest, size);
      taken += 1;
      if (taken % perTurn === 0) await nextTurn();
    }
    return new VerificationPass(store, cursor, order);
  }

  /** The figures of all of it, of what was done before the cursor included. */
  get figures(): Omit<VerificationProgress, 'kind' | 'resumed'> {
    return {
      blobs: this.#cursor.blobs,
      totalBlobs: this.#totalBlobs,
      bytes: this.#cursor.bytes + this.#begun,
      totalBytes: this.#totalBytes,
      damaged: this.#cursor.damaged,
    };
  }

  /**
   * Goes through all that is left, once.
   * @throws the signal's reason; or what the disk failed with again and again, other than in a file
   */
  async run(steps: PassSteps): Promise<void> {
    let looked = 0;
    for (const one of this.#order) {
      steps.signal.throwIfAborted();
      await this.#look(one, steps);
      looked += 1;
      if (looked % perTurn === 0) await nextTurn();
    }
  }

  async #look({ digest, size }: SizedDigest, steps: PassSteps): Promise<void> {
    const verdict = await this.#verify(digest, steps);
    const isDamaged = verdict.kind === 'damaged';
    this.#begun = 0;
    this.#cursor = { ...this.#cursor, last: digest };
    if (verdict.kind === 'gone') this.#leaveOut(size);
    else this.#count(size, isDamaged);
    await steps.moved(this.#cursor, isDamaged);
    if (!isDamaged) return;
    const { reason, quarantinedAs = null } = verdict;
    await steps.damaged({ kind: 'damaged', digest, size, reason, quarantinedAs });
  }

  #count(size: number, isDamaged: boolean): void {
    const { blobs, bytes, damaged } = this.#cursor;
    this.#cursor = {
      ...this.#cursor,
      blobs: blobs + 1,
      bytes: bytes + size,
      damaged: damaged + (isDamaged ? 1 : 0),
    };
  }

  #leaveOut(size: number): void {
    this.#totalBlobs -= 1;
    this.#totalBytes -= size;
  }

  /** What the store says of one; is patient with a disk that fails in what says nothing about the file. */
  async #verify(digest: Digest, steps: PassSteps): ReturnType<BlobStore['verify']> {
    const { sleep, signal } = steps;
    const pace = async (bytes: number): Promise<void> => {
      await steps.pace(bytes);
      this.#begun += bytes;
    };
    for (const milliseconds of patience) {
      try {
        return await this.#store.blobs.verify(digest, pace);
      } catch {
        this.#begun = 0;
        signal.throwIfAborted();
        await sleep(milliseconds, signal);
      }
    }
    return this.#store.blobs.verify(digest, pace);
  }
}

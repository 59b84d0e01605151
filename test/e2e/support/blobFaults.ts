import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** A transfer that comes to a stop where it was ordered to, with its connection open. */
export interface Hold {
  /** Resolves when it has stopped. */
  readonly reached: Promise<void>;
  /** Lets it go on. */
  readonly release: () => void;
}

/** What becomes of one transfer of a blob once so many bytes of its body have been passed on. */
export type BlobFault =
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | {
      readonly kind: 'hold';
      readonly afterBytes: number;
      /** Says that the stop was reached; resolves when it is over, or nobody is there to go on for. */
      readonly waitForRelease: (outgoing: ServerResponse) => Promise<void>;
    };

/** The faults that are ordered for the coming transfers of blobs. */
export class BlobFaults {
  readonly #ordered = new Map<string, BlobFault[]>();

  /** The fault of a transfer of this blob that begins now; later ones get what was ordered after it. */
  next(digest: string): BlobFault | undefined {
    return this.#ordered.get(digest)?.shift();
  }

  /** Orders the next transfers of a blob to be cut, each after so many bytes. */
  readonly cut = (digest: string, afterBytes: readonly number[]): void => {
    for (const bytes of afterBytes) this.#order(digest, { kind: 'cut', afterBytes: bytes });
  };

  /** Orders the next transfer of a blob to stop after so many bytes. */
  readonly hold = (digest: string, afterBytes: number): Hold => {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    const waitForRelease = async (outgoing: ServerResponse) => {
      reached.resolve();
      await Promise.race([released.promise, once(outgoing, 'close')]);
    };
    this.#order(digest, { kind: 'hold', afterBytes, waitForRelease });
    return { reached: reached.promise, release: released.resolve };
  };

  #order(digest: string, fault: BlobFault): void {
    this.#ordered.set(digest, [...(this.#ordered.get(digest) ?? []), fault]);
  }
}

import type { Digest } from '../registry/digest.ts';
import type { BlobStore } from '../store/blobStore.ts';
import type { GrowingBlob } from '../store/growingBlob.ts';
import { isBeyondEnd, type BlobTransfer } from './blobTransfer.ts';

/** How a fill begins. */
export interface FillStart {
  readonly transfer: BlobTransfer;
  /** What an earlier fill left, which the transfer goes on with. */
  readonly held: GrowingBlob | undefined;
}

/**
 * Opens the first transfer of a fill, from where an earlier fill left off. What that left is dropped when
 * the upstream's blob is not even that long or comes from its start all the same, and stays for the next
 * time when nothing can be opened.
 */
export async function startFill(
  blobs: BlobStore,
  digest: Digest,
  open: (offset: number) => Promise<BlobTransfer>,
): Promise<FillStart> {
  const held = await blobs.resume(digest);
  if (held === undefined) return { transfer: await open(0), held };
  const transfer = await goOn(blobs, held, open);
  const fits = transfer !== undefined && held.length < (transfer.size ?? Infinity);
  // Only a 206 shows that the repository has what is held: all of a 200 is to come from where it was asked.
  if (fits && transfer.offset > 0) return { transfer, held };
  await drop(held);
  if (fits) return { transfer, held: undefined };
  transfer?.destroy();
  return { transfer: await open(0), held: undefined };
}

/** The transfer of what is missing; `undefined` when the upstream's blob ends before. */
async function goOn(
  blobs: BlobStore,
  held: GrowingBlob,
  open: (offset: number) => Promise<BlobTransfer>,
): Promise<BlobTransfer | undefined> {
  try {
    return await open(held.length);
  } catch (error) {
    if (isBeyondEnd(error)) return undefined;
    await leave(blobs, held, error);
    throw error;
  }
}

/** Leaves what is held to the next that asks. */
async function leave(blobs: BlobStore, held: GrowingBlob, error: unknown): Promise<void> {
  try {
    await blobs.setAside(held, error);
  } finally {
    await held.release();
  }
}

/** Does away with what an earlier fill left. */
async function drop(held: GrowingBlob): Promise<void> {
  await held.fail(new Error(`${held.digest} does not go on from what was held of it`));
  await held.release();
}

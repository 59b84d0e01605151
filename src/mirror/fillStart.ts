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
 * the upstream's blob is not even that long, and stays for the next time when nothing can be opened.
 */
export async function startFill(
  blobs: BlobStore,
  digest: Digest,
  open: (offset: number) => Promise<BlobTransfer>,
): Promise<FillStart> {
  const held = await blobs.resume(digest);
  if (held === undefined) return { transfer: await open(0), held };
  const transfer = await goOn(blobs, held, open);
  if (transfer !== undefined && held.length < (transfer.size ?? Infinity)) {
    return { transfer, held };
  }
  transfer?.destroy();
  await drop(held);
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
    await blobs.setAside(held, error);
    await held.release();
    throw error;
  }
}

/** Does away with what an earlier fill left. */
async function drop(held: GrowingBlob): Promise<void> {
  await held.fail(new Error(`${held.digest} is shorter than what was held of it`));
  await held.release();
}

import type { BlobTransfer } from './blobTransfer.ts';

// Chunks that came in while the disk was busy go down together, up to this many bytes.
const writeBatch = 1024 * 1024;

/**
 * Passes the chunks of a transfer on in batches: at once while the network is the slower side, and up to
 * {@link writeBatch} bytes together while the disk is. The first `skip` bytes are left out. What came in
 * before a break is passed on before the break is reported.
 */
export async function pour(
  transfer: BlobTransfer,
  skip: number,
  write: (chunks: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  let toSkip = skip;
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of transfer.chunks()) {
    const fresh = chunk.subarray(Math.min(toSkip, chunk.length));
    toSkip -= chunk.length - fresh.length;
    batch.push(fresh);
    bytes += fresh.length;
    if (bytes < writeBatch && transfer.waiting > 0) continue;
    await write(batch);
    batch = [];
    bytes = 0;
  }
}

import type { Readable } from 'node:stream';

// Chunks that came in while the disk was busy go down together, up to this many bytes.
const writeBatch = 1024 * 1024;

/**
 * Passes chunks on in batches: at once while the network is the slower side, and up to
 * {@link writeBatch} bytes together while the disk is. The first `skip` bytes are left out.
 */
export async function pour(
  body: Readable,
  received: AsyncIterable<Buffer>,
  skip: number,
  write: (chunks: readonly Buffer[]) => Promise<void>,
): Promise<void> {
  let toSkip = skip;
  let batch: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of received) {
    const fresh = chunk.subarray(Math.min(toSkip, chunk.length));
    toSkip -= chunk.length - fresh.length;
    batch.push(fresh);
    bytes += fresh.length;
    if (bytes < writeBatch && body.readableLength > 0) continue;
    await write(batch);
    batch = [];
    bytes = 0;
  }
  if (bytes > 0) await write(batch);
}

import type { Digest } from '../registry/digest.ts';
import type { BlobStore } from '../store/blobStore.ts';
import type { Share } from '../store/share.ts';
import { Turns } from './turns.ts';

/** How many of the blobs and manifests are held, and their bytes. Does not count as a use of them. */
export async function heldSize(blobs: BlobStore, digests: Iterable<Digest>): Promise<Share> {
  const turns = new Turns();
  let [count, bytes] = [0, 0];
  for (const digest of digests) {
    await turns.next();
    const entry = blobs.describe(digest);
    if (entry === undefined) continue;
    count += 1;
    bytes += entry.size;
  }
  return { count, bytes };
}

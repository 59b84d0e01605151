import { lstat, mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { partialLife, type PartialBlob } from './partialBlobs.ts';
import type { StoreLayout } from './storeLayout.ts';

// Less than this is fetched again sooner than it is looked after.
const worthKeeping = 1024 * 1024;

/**
 * Sweeps what an earlier process left half written, and returns, oldest first, the blobs whose beginnings
 * are worth going on with. On a disk with less than `minFree` bytes left, none is: everything else needs
 * the room first. What the file system lost of them in a power cut shows when their bytes are hashed.
 */
export async function sweepIncoming(
  layout: StoreLayout,
  minFree: number,
  now: number,
): Promise<PartialBlob[]> {
  const { incoming } = layout;
  await mkdir(incoming, { recursive: true });
  const { bavail, bsize } = await statfs(incoming);
  const hasRoom = bavail * bsize > minFree;
  const kept: PartialBlob[] = [];
  for (const name of await readdir(incoming)) {
    const partial = hasRoom ? await readPartial(layout, join(incoming, name), now) : undefined;
    if (partial === undefined) await rm(join(incoming, name), { recursive: true, force: true });
    else kept.push(partial);
  }
  return kept.toSorted((a, b) => a.keptAt - b.keptAt);
}

async function readPartial(
  layout: StoreLayout,
  path: string,
  now: number,
): Promise<PartialBlob | undefined> {
  const digest = layout.incomingDigest(path);
  if (digest === undefined) return undefined;
  const file = await lstat(path);
  const { size: length, mtimeMs: keptAt } = file;
  const isUsable = file.isFile() && length >= worthKeeping && now - keptAt < partialLife;
  return isUsable ? { digest, path, length, keptAt } : undefined;
}

import type { Digest } from '../../registry/digest.ts';
import {
  isKnownLayout,
  layoutBlobDigest,
  layoutPaths,
  parseLayoutIndex,
  type LayoutImage,
} from '../../registry/ociLayout.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import { readArchive, type ArchiveFile } from './archiveReader.ts';
import { noRoom } from './importFailure.ts';
import { UpkeepError } from '../upkeepError.ts';

// An entry takes some 400 bytes, so that this is room for ten thousand images.
const documentLimit = 4 * 1024 * 1024;

/** What lists the images of a docker-archive, and may lie in a layout as well (moby, image/tarexport). */
const dockerManifest = 'manifest.json';

/**
 * Takes in the archive of one OCI image layout: its blobs go to the store as they come, in whatever order,
 * as content that no repository has yet.
 */
export class LayoutIntake {
  readonly #blobs: BlobStore;
  readonly #present: Set<Digest>;
  readonly #listed: (images: readonly LayoutImage[]) => void;
  #images: readonly LayoutImage[] | undefined;
  #isLayout = false;
  #hasDockerManifest = false;
  #keptBlobs = 0;
  #keptBytes = 0;

  /**
   * `present` gets what the archive has, be it that it is held already, before it is kept. `listed` is called
   * as soon as the images are known, and may throw.
   */
  constructor(
    blobs: BlobStore,
    present: Set<Digest>,
    listed: (images: readonly LayoutImage[]) => void,
  ) {
    this.#blobs = blobs;
    this.#present = present;
    this.#listed = listed;
  }

  /** What was not held before; sizes in bytes. */
  get kept(): { readonly blobs: number; readonly bytes: number } {
    return { blobs: this.#keptBlobs, bytes: this.#keptBytes };
  }

  /**
   * Reads the archive to its end and says which images are in it.
   * @throws {UpkeepError} `invalid` when it is no such archive
   */
  async take(archive: AsyncIterable<Uint8Array>): Promise<readonly LayoutImage[]> {
    for await (const file of readArchive(archive)) await this.#takeFile(file);
    if (!this.#isLayout && this.#hasDockerManifest) throw dockerArchive();
    if (!this.#isLayout) throw missing(layoutPaths.layout);
    if (this.#images === undefined) throw missing(layoutPaths.index);
    return this.#images;
  }

  async #takeFile(file: ArchiveFile): Promise<void> {
    if (file.path === layoutPaths.layout) await this.#takeLayout(file);
    else if (file.path === layoutPaths.index) await this.#takeIndex(file);
    else if (file.path === dockerManifest) this.#hasDockerManifest = true;
    else {
      const digest = layoutBlobDigest(file.path);
      if (digest !== undefined) await this.#takeBlob(digest, file);
    }
  }

  async #takeLayout(file: ArchiveFile): Promise<void> {
    if (!isKnownLayout(await readDocument(file))) {
      throw new UpkeepError('invalid', `${file.path} is not that of a known OCI image layout`);
    }
    this.#isLayout = true;
  }

  async #takeIndex(file: ArchiveFile): Promise<void> {
    if (this.#images !== undefined) {
      throw new UpkeepError('invalid', `the archive has ${file.path} twice`);
    }
    const images = parseLayoutIndex(await readDocument(file));
    if (images === undefined || images.length === 0) {
      throw new UpkeepError('invalid', `${file.path} lists no images that can be imported`);
    }
    this.#listed(images);
    this.#images = images;
  }

  async #takeBlob(digest: Digest, { size, chunks }: ArchiveFile): Promise<void> {
    this.#present.add(digest);
    if (this.#blobs.describe(digest) !== undefined) {
      this.#blobs.use(digest);
      return;
    }
    const blob = await this.#blobs.begin(digest, size);
    try {
      for await (const chunk of chunks) await blob.append([chunk]);
      blob.verify();
      await this.#blobs.keep(blob);
    } catch (error) {
      await blob.fail(error);
      throw error;
    } finally {
      await blob.release();
    }
    // One that is larger than the whole bound is let go.
    if (this.#blobs.describe(digest) === undefined) throw noRoom();
    this.#keptBlobs += 1;
    this.#keptBytes += size;
  }
}

async function readDocument({ path, size, chunks }: ArchiveFile): Promise<Buffer> {
  if (size > documentLimit) {
    throw new UpkeepError('invalid', `${path} has ${size} bytes, more than ${documentLimit}`);
  }
  return Buffer.concat(await Array.fromAsync(chunks));
}

function dockerArchive(): UpkeepError {
  const message =
    'this is a docker-archive and no OCI image layout: convert it with "skopeo copy docker-archive:FILE oci-archive:NEW:NAME" and import NEW; NAME is the whole name, such as docker.io/library/alpine:3.20';
  return new UpkeepError('invalid', message);
}

function missing(path: string): UpkeepError {
  return new UpkeepError('invalid', `this is no OCI image layout: ${path} is not in the archive`);
}

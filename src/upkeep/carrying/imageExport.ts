import { digestAlgorithm, digestFrom, hashFor, type Digest } from '../../registry/digest.ts';
import {
  indexDocument,
  layoutBlobPath,
  layoutDocument,
  layoutPaths,
} from '../../registry/ociLayout.ts';
import { DamagedBlobError } from '../../store/blobDamage.ts';
import type { BlobSource } from '../../store/blobSource.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import type { ExportOptions } from './carrying.ts';
import type { ExportSelection, SelectedImage } from './exportSelection.ts';
import { archiveOf, type ArchivedFile } from './layoutArchive.ts';
import { UpkeepError } from '../upkeepError.ts';

// So large that system calls cost little beside the hashing.
const piece = 256 * 1024;

/** Writes images that are held as the archive of an OCI image layout, for networks without an upstream. */
export class ImageExport {
  readonly #blobs: BlobStore;
  readonly #selection: ExportSelection;

  constructor(blobs: BlobStore, selection: ExportSelection) {
    this.#blobs = blobs;
    this.#selection = selection;
  }

  /**
   * The tar archive: the same bytes for the same images. What is missing is found out before its first
   * byte; what is lost or found damaged later ends it short, within a block.
   * @throws {UpkeepError}
   */
  async *export(options: ExportOptions): AsyncGenerator<Uint8Array> {
    const images = await this.#selection.select(options);
    yield* archiveOf(this.#files(images));
  }

  /** What says what the archive is comes first, so that it can be read as a stream. */
  async *#files(images: readonly SelectedImage[]): AsyncGenerator<ArchivedFile> {
    yield fileOf(layoutPaths.layout, layoutDocument());
    yield fileOf(layoutPaths.index, indexDocument(images.map(layoutImage)));
    for (const digest of new Set(images.flatMap(({ digests }) => digests))) {
      yield* this.#blobFile(digest);
    }
  }

  async *#blobFile(digest: Digest): AsyncGenerator<ArchivedFile> {
    const source = await this.#blobs.open(digest);
    if (source?.size === undefined) {
      const message = `${digest} was lost while it was to be exported: try again`;
      throw new UpkeepError('failed', message);
    }
    try {
      const chunks = this.#checked(digest, source);
      yield { path: layoutBlobPath(digest), size: source.size, chunks };
    } finally {
      await source.close();
    }
  }

  /**
   * The bytes of a blob. They are hashed once more: what a disk forgot without saying so must not come to
   * light where it can't be fetched again.
   */
  async *#checked(digest: Digest, source: BlobSource): AsyncGenerator<Uint8Array> {
    const hash = hashFor(digest);
    for (let position = 0; ;) {
      const buffer = Buffer.allocUnsafeSlow(piece);
      const bytes = await source.read(buffer, position).catch((error: unknown) => {
        throw error instanceof DamagedBlobError ? damaged(digest, error) : error;
      });
      if (bytes === 0) break;
      const chunk = buffer.subarray(0, bytes);
      hash.update(chunk);
      position += bytes;
      yield chunk;
    }
    if (digestFrom(digestAlgorithm(digest), hash) === digest) return;
    await this.#blobs.verify(digest, async () => {});
    throw damaged(digest);
  }
}

/**
 * skopeo looks for the name in the OCI's annotation and containerd in its own, of which the OCI's is the
 * tag alone as it writes it: the whole name in both lets both find an image among several.
 */
function layoutImage({ name, descriptor }: SelectedImage) {
  return { descriptor, wholeName: name, referenceName: name };
}

function fileOf(path: string, bytes: Buffer): ArchivedFile {
  return { path, size: bytes.length, chunks: [bytes] };
}

function damaged(digest: Digest, cause?: unknown): UpkeepError {
  const message = `what was held of ${digest} was damaged and is set aside: pull or warm the image again`;
  return new UpkeepError('failed', message, { cause });
}

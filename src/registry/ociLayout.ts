import { parseDescriptor, type Descriptor } from './descriptor.ts';
import { digestAlgorithm, digestHex, parseDigest, type Digest } from './digest.ts';
import { isJsonObject, parseJsonObject, textOf } from './jsonObject.ts';
import { mediaTypes } from './mediaType.ts';

/** Where the documents of an OCI image layout lie in it (image-spec 1.1, image-layout.md). */
export const layoutPaths = { layout: 'oci-layout', index: 'index.json' } as const;

/** The annotations of an entry of `index.json` that name its image. */
export const nameAnnotations = {
  /** The whole name: what containerd and Docker write and look for first. */
  whole: 'io.containerd.image.name',
  /** The OCI's: the tag alone as containerd and Docker write it, the whole name as skopeo looks for it. */
  reference: 'org.opencontainers.image.ref.name',
} as const;

/** An image as `index.json` lists it. */
export interface LayoutImage {
  readonly descriptor: Pick<Descriptor, 'mediaType' | 'digest' | 'size'>;
  /** The text of {@link nameAnnotations.whole}. */
  readonly wholeName: string | undefined;
  /** The text of {@link nameAnnotations.reference}. */
  readonly referenceName: string | undefined;
}

// The only one there is; a later one may mean anything.
const layoutVersion = '1.0.0';

/** The bytes of `oci-layout`. */
export function layoutDocument(): Buffer {
  return Buffer.from(JSON.stringify({ imageLayoutVersion: layoutVersion }));
}

/** Whether these are the bytes of an `oci-layout` whose version is known here. */
export function isKnownLayout(bytes: Uint8Array): boolean {
  return textOf(parseJsonObject(bytes) ?? {}, 'imageLayoutVersion') === layoutVersion;
}

/** The bytes of `index.json`. */
export function indexDocument(images: readonly LayoutImage[]): Buffer {
  const manifests = images.map(({ descriptor, wholeName, referenceName }) => {
    const { mediaType, digest, size } = descriptor;
    const names = [
      [nameAnnotations.whole, wholeName],
      [nameAnnotations.reference, referenceName],
    ].filter(([, name]) => name !== undefined);
    const annotations = names.length === 0 ? undefined : Object.fromEntries(names);
    return { mediaType, digest, size, annotations };
  });
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
  return Buffer.from(JSON.stringify(document));
}

/**
 * Reads `index.json`. `undefined` when the bytes are none, or when one of its entries is no descriptor with
 * a digest that can be verified: that image could not be had, and to leave it out would hide it.
 */
export function parseLayoutIndex(bytes: Uint8Array): readonly LayoutImage[] | undefined {
  const entries = parseJsonObject(bytes)?.['manifests'];
  if (!Array.isArray(entries)) return undefined;
  const images = entries.map(readImage);
  return images.every((image) => image !== undefined) ? images : undefined;
}

/** Where a blob lies in a layout. */
export function layoutBlobPath(digest: Digest): string {
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** The digest of the blob at a path of a layout; `undefined` when none that can be verified lies there. */
export function layoutBlobDigest(path: string): Digest | undefined {
  const [, algorithm, hex] = /^blobs\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  return hex === undefined ? undefined : parseDigest(`${algorithm}:${hex}`);
}

function readImage(entry: unknown): LayoutImage | undefined {
  const descriptor = parseDescriptor(entry);
  if (descriptor === undefined || !isJsonObject(entry)) return undefined;
  const { annotations } = entry;
  const named = isJsonObject(annotations) ? annotations : {};
  return {
    descriptor,
    wholeName: nonEmpty(textOf(named, nameAnnotations.whole)),
    referenceName: nonEmpty(textOf(named, nameAnnotations.reference)),
  };
}

/** Programs that have no name to write may write an empty one. */
function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

import { buffer } from 'node:stream/consumers';
import { extract, pack, type Header } from 'tar-stream';
import { layoutBlobPath, layoutPaths } from '../../../src/registry/ociLayout.ts';
import { blobBytes } from '../../support/blobContent.ts';
import { eachImage, manifestDescriptor, type ImageContent } from '../../support/images.ts';

/** A file of an archive, with whatever its header is to say. */
export interface ArchivedEntry extends Partial<Omit<Header, 'size'>> {
  readonly name: string;
  readonly content?: Uint8Array;
}

/** An image of a layout with the annotations of its entry in `index.json`. */
export interface ListedImage {
  readonly image: ImageContent;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The bytes of a tar archive; what is no file has no content. */
export async function archive(entries: readonly ArchivedEntry[]): Promise<Buffer> {
  const packed = pack();
  for (const { content = Buffer.alloc(0), ...header } of entries) {
    const { type = 'file' } = header;
    const hasBody = type === 'file' || type === 'contiguous-file';
    packed.entry(header, hasBody ? Buffer.from(content) : Buffer.alloc(0));
  }
  packed.finalize();
  return buffer(packed as AsyncIterable<Uint8Array>);
}

/** The files of an OCI image layout: the documents, and each manifest and blob once. */
export function layoutEntries(listed: readonly ListedImage[]): ArchivedEntry[] {
  const manifests = listed.map(({ image, annotations }) => ({
    ...manifestDescriptor(image),
    ...(annotations === undefined ? {} : { annotations }),
  }));
  const contents = listed.flatMap(({ image }) =>
    [...eachImage(image)].flatMap(({ manifest, blobs }) => [
      { digest: manifest.digest, content: manifest.bytes },
      ...blobs.map((blob) => ({ digest: blob.digest, content: blobBytes(blob) })),
    ]),
  );
  const files = new Map(contents.map(({ digest, content }) => [layoutBlobPath(digest), content]));
  return [
    { name: layoutPaths.layout, content: json({ imageLayoutVersion: '1.0.0' }) },
    { name: layoutPaths.index, content: json({ schemaVersion: 2, manifests }) },
    ...[...files].map(([name, content]) => ({ name, content })),
  ];
}

/** The annotation of containerd and Docker. */
export function called(name: string): Readonly<Record<string, string>> {
  return { 'io.containerd.image.name': name };
}

/** The annotation of the OCI. */
export function referredToAs(name: string): Readonly<Record<string, string>> {
  return { 'org.opencontainers.image.ref.name': name };
}

/** The files of an archive by their paths, and their headers. */
export async function entriesOf(
  bytes: Uint8Array,
): Promise<Map<string, { readonly header: Header; readonly content: Buffer }>> {
  const unpacked = extract();
  const found = new Map<string, { header: Header; content: Buffer }>();
  unpacked.end(bytes);
  for await (const entry of unpacked) {
    const content = await buffer(entry as AsyncIterable<Uint8Array>);
    found.set(entry.header.name, { header: entry.header, content });
  }
  return found;
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { digestHex, digestOf, type Digest } from '../../../src/registry/digest.ts';
import { mediaTypes } from '../../../src/registry/mediaType.ts';

const compress = promisify(gzip);
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const configType = 'application/vnd.oci.image.config.v1+json';

/** The name under which the image stands in the layout's `index.json`. */
export const layoutReference = 'image';

/** One layer of an image: what registries know it by, and what it is when unpacked. */
export interface Layer {
  readonly digest: Digest;
  /** The digest of the uncompressed archive, as in the image config's `rootfs.diff_ids`. */
  readonly diffId: Digest;
  /** Bytes of it as it is transferred. */
  readonly size: number;
}

/** An image that was written as an OCI image layout (image-spec, "Image Layout"). */
export interface Image {
  readonly directory: string;
  /** Of the index that a tag names. */
  readonly indexDigest: Digest;
  /** Of the image manifest for the platform that the tests run on. */
  readonly manifestDigest: Digest;
  /** Of the image manifest for a platform that nobody here asks for. */
  readonly foreignManifestDigest: Digest;
  readonly layers: readonly Layer[];
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** The architecture of this machine in the names that images use (Go's GOARCH). */
function imageArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

/** Writes a multi-platform image into a new directory, from one tar archive a layer and an environment for what runs in it. */
export async function writeOciLayout(
  directory: string,
  archives: readonly Buffer[],
  environment: readonly string[] = ['PATH=/bin'],
): Promise<Image> {
  await mkdir(join(directory, 'blobs/sha256'), { recursive: true });
  const written: (Layer & { descriptor: Descriptor })[] = [];
  for (const archive of archives) written.push(await writeLayer(directory, archive));
  const config = { Env: environment, Cmd: ['/bin/sh'] };
  const own = await writeManifest(directory, written, config, imageArchitecture());
  const foreign = await writeManifest(directory, written, config, 'riscv64');
  const index = await writeJson(directory, mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [own, foreign],
  });
  await writeEntryPoint(directory, index);
  return {
    directory,
    indexDigest: index.digest,
    manifestDigest: own.digest,
    foreignManifestDigest: foreign.digest,
    layers: written.map(({ digest, diffId, size }) => ({ digest, diffId, size })),
  };
}

async function writeLayer(directory: string, archive: Buffer) {
  const descriptor = await writeBlob(directory, layerType, await compress(archive, { level: 1 }));
  const { digest, size } = descriptor;
  return { digest, diffId: digestOf(archive), size, descriptor };
}

async function writeManifest(
  directory: string,
  layers: readonly (Layer & { descriptor: Descriptor })[],
  config: object,
  architecture: string,
) {
  const platform = { architecture, os: 'linux' };
  const configuration = await writeJson(directory, configType, {
    ...platform,
    config,
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
  });
  const manifest = await writeJson(directory, mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: configuration,
    layers: layers.map((layer) => layer.descriptor),
  });
  return { ...manifest, platform };
}

async function writeEntryPoint(directory: string, index: Descriptor): Promise<void> {
  const annotations = { 'org.opencontainers.image.ref.name': layoutReference };
  const content = { schemaVersion: 2, manifests: [{ ...index, annotations }] };
  await writeFile(join(directory, 'index.json'), JSON.stringify(content));
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

async function writeJson(directory: string, mediaType: string, value: object): Promise<Descriptor> {
  return writeBlob(directory, mediaType, Buffer.from(JSON.stringify(value)));
}

async function writeBlob(
  directory: string,
  mediaType: string,
  content: Buffer,
): Promise<Descriptor> {
  const digest = digestOf(content);
  await writeFile(join(directory, 'blobs/sha256', digestHex(digest)), content);
  return { mediaType, digest, size: content.length };
}

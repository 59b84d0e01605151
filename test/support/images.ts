import { digestOf, type Digest, type DigestAlgorithm } from '../../src/registry/digest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { blobBytes, fixedBlob, type BlobContent } from './blobContent.ts';

/** The members of a manifest, an index or an artifact descriptor, as they stand in JSON. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly artifactType?: string;
  readonly platform?: Platform;
}

/** The part of an image that an index tells apart. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** A manifest or an index, byte for byte. */
export interface ManifestContent {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Everything that a push of one image would bring: its manifest, its blobs, its platforms' images. */
export interface ImageContent {
  readonly manifest: ManifestContent;
  readonly platform?: Platform;
  readonly artifactType?: string;
  readonly blobs: readonly BlobContent[];
  readonly children: readonly ImageContent[];
}

/** A single-platform image, with its parts by name. */
export interface SingleImage extends ImageContent {
  readonly platform: Platform;
  readonly config: BlobContent;
  readonly layers: readonly BlobContent[];
}

/** `docker`: manifest v2 schema 2 and manifest lists. */
export type ImageFormat = 'oci' | 'docker';

/** What an image is made of. Two images differ if their seeds do. */
export interface ImageOptions {
  readonly seed?: string;
  /** Default: two small ones made from the seed. */
  readonly layers?: readonly BlobContent[];
  /** Default: linux/amd64. */
  readonly platform?: Platform;
  readonly format?: ImageFormat;
  /** Of every digest in it, its own included. Default: sha256. */
  readonly algorithm?: DigestAlgorithm;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What an index is made of beside its images. */
export interface IndexOptions {
  readonly format?: ImageFormat;
  readonly algorithm?: DigestAlgorithm;
}

/** What an artifact is made of, such as a signature of an image. */
export interface ArtifactOptions {
  readonly artifactType: string;
  /** The manifest it refers to (OCI image-spec, `subject`). */
  readonly subject?: ManifestContent;
  readonly layers?: readonly BlobContent[];
  readonly annotations?: Readonly<Record<string, string>>;
}

const types = {
  oci: {
    manifest: mediaTypes.ociManifest,
    index: mediaTypes.ociIndex,
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  },
  docker: {
    manifest: mediaTypes.dockerManifest,
    index: mediaTypes.dockerList,
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  },
} as const;

const emptyConfigType = 'application/vnd.oci.empty.v1+json';

/** An image for one platform. Its layers are bytes of any kind, no archives that could be unpacked. */
export function buildImage(options: ImageOptions = {}): SingleImage {
  const { seed = 'image', format = 'oci', algorithm = 'sha256', annotations } = options;
  const { platform = { os: 'linux', architecture: 'amd64' } } = options;
  const layers = options.layers ?? [
    fixedBlob(`first layer of ${seed} for ${platform.architecture}`, algorithm),
    fixedBlob(`second layer of ${seed} for ${platform.architecture}`, algorithm),
  ];
  const rootfs = { type: 'layers', diff_ids: layers.map((layer) => layer.digest) };
  const config = fixedBlob(
    JSON.stringify({ ...platform, config: { Labels: { seed } }, rootfs }),
    algorithm,
  );
  const manifest = manifestOf(types[format].manifest, algorithm, {
    config: blobDescriptor(config, types[format].config),
    layers: layers.map((layer) => blobDescriptor(layer, types[format].layer)),
    annotations,
  });
  return { manifest, platform, config, layers, blobs: [config, ...layers], children: [] };
}

/** An index (a Docker manifest list) of the given images, in their order. */
export function buildIndex(
  children: readonly ImageContent[],
  options: IndexOptions = {},
): ImageContent {
  const { format = 'oci', algorithm = 'sha256' } = options;
  const manifest = manifestOf(types[format].index, algorithm, {
    manifests: children.map((child) => manifestDescriptor(child)),
  });
  return { manifest, blobs: [], children };
}

/** An index for linux on amd64, arm64 and arm/v7, whose images differ. */
export function buildMultiPlatformImage(options: ImageOptions = {}): ImageContent {
  const platforms: Platform[] = [
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
    { os: 'linux', architecture: 'arm', variant: 'v7' },
  ];
  return buildIndex(
    platforms.map((platform) => buildImage({ ...options, platform })),
    options,
  );
}

/** An OCI artifact; with a subject it shows up among that manifest's referrers. */
export function buildArtifact(options: ArtifactOptions): ImageContent {
  const { artifactType, subject, annotations } = options;
  const { layers = [fixedBlob(`a ${artifactType} of ${subject?.digest ?? 'nothing'}`)] } = options;
  const config = fixedBlob('{}');
  const manifest = manifestOf(mediaTypes.ociManifest, 'sha256', {
    artifactType,
    config: blobDescriptor(config, emptyConfigType),
    layers: layers.map((layer) => blobDescriptor(layer, mediaTypes.octetStream)),
    subject: subject === undefined ? undefined : descriptorOf(subject),
    annotations,
  });
  return { manifest, artifactType, blobs: [config, ...layers], children: [] };
}

/** The image and all images in it. */
export function* eachImage(image: ImageContent): Iterable<ImageContent> {
  yield image;
  for (const child of image.children) yield* eachImage(child);
}

/** How an index or a list of referrers names this image. */
export function manifestDescriptor(image: ImageContent): Descriptor {
  const { manifest, platform, artifactType } = image;
  return {
    ...descriptorOf(manifest),
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform }),
  };
}

function manifestOf(mediaType: string, algorithm: DigestAlgorithm, members: object) {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...members }, null, 3));
  return { digest: digestOf(bytes, algorithm), mediaType, bytes };
}

function descriptorOf(manifest: ManifestContent): Descriptor {
  const { mediaType, digest, bytes } = manifest;
  return { mediaType, digest, size: bytes.length };
}

function blobDescriptor(blob: BlobContent, mediaType: string) {
  const { digest, size } = blob;
  const isEmptyConfig = mediaType === emptyConfigType;
  return {
    mediaType,
    digest,
    size,
    ...(isEmptyConfig ? { data: blobBytes(blob).toString('base64') } : {}),
  };
}

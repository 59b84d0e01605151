import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { request } from 'undici';
import { digestFrom, digestOf, type Digest } from '../../src/registry/digest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';

const tag = '1';
const configBytes = 1000;

/** What an image is to be. */
export interface ImageOptions {
  /** Two components, as `owner/name`. */
  readonly repository: string;
  /** Bytes of each layer. */
  readonly layerSizes: readonly number[];
}

/** Something that a registry holds, and where any server of the registry API has it. */
export interface PushedContent {
  readonly path: string;
  readonly digest: Digest;
  readonly bytes: number;
  readonly mediaType: string;
}

/** An image in a registry, with layers of random bytes: it can be moved but not unpacked. */
export interface PushedImage {
  readonly manifestByTag: PushedContent;
  readonly manifestByDigest: PushedContent;
  /** A blob of 1 kB. */
  readonly config: PushedContent;
  /** In the order of the given sizes. */
  readonly layers: readonly PushedContent[];
}

interface Content {
  readonly digest: Digest;
  readonly size: number;
  readonly pieces: () => Iterable<Buffer>;
}

/** Pushes an image. */
export async function pushImage(
  url: string,
  { repository, layerSizes }: ImageOptions,
): Promise<PushedImage> {
  const config = contentOf(randomBytes(configBytes));
  const layers = layerSizes.map(randomContent);
  for (const content of [config, ...layers]) await pushBlob(url, repository, content);
  const manifest = contentOf(Buffer.from(JSON.stringify(manifestOf(config, layers))));
  const path = `/v2/${repository}/manifests`;
  await put(new URL(`${path}/${tag}`, url), mediaTypes.ociManifest, manifest);
  const blob = (content: Content) =>
    held(`/v2/${repository}/blobs/${content.digest}`, content, mediaTypes.octetStream);
  return {
    manifestByTag: held(`${path}/${tag}`, manifest, mediaTypes.ociManifest),
    manifestByDigest: held(`${path}/${manifest.digest}`, manifest, mediaTypes.ociManifest),
    config: blob(config),
    layers: layers.map(blob),
  };
}

/** All that an image consists of. */
export function contentsOf(image: PushedImage): PushedContent[] {
  return [image.manifestByTag, image.manifestByDigest, image.config, ...image.layers];
}

function manifestOf(config: Content, layers: readonly Content[]): object {
  const describe = (mediaType: string, { digest, size }: Content) => ({ mediaType, digest, size });
  return {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: layers.map((layer) => describe('application/vnd.oci.image.layer.v1.tar', layer)),
  };
}

function contentOf(bytes: Buffer): Content {
  return { digest: digestOf(bytes), size: bytes.length, pieces: () => [bytes] };
}

/** Random bytes that come again every 64 MiB: none of the servers compresses or compares them. */
function randomContent(size: number): Content {
  const piece = randomBytes(Math.min(size, 64 * 1024 ** 2));
  const pieces = function* () {
    for (let left = size; left > 0; left -= piece.length) yield piece.subarray(0, left);
  };
  const hash = createHash('sha256');
  for (const bytes of pieces()) hash.update(bytes);
  return { digest: digestFrom('sha256', hash), size, pieces };
}

/** Pushes a blob by one POST and one PUT (distribution-spec, "POST then PUT"). */
async function pushBlob(url: string, repository: string, content: Content): Promise<void> {
  const begin = new URL(`/v2/${repository}/blobs/uploads/`, url);
  const { headers, body } = await request(begin, { method: 'POST' });
  await body.dump();
  const target = new URL(String(headers['location']), url);
  target.searchParams.set('digest', content.digest);
  await put(target, mediaTypes.octetStream, content);
}

async function put(url: URL, contentType: string, { size, pieces }: Content): Promise<void> {
  const { statusCode, body } = await request(url, {
    method: 'PUT',
    headers: { 'content-type': contentType, 'content-length': String(size) },
    body: Readable.from(pieces()),
  });
  if (statusCode !== 201) throw new Error(`push: ${statusCode} ${await body.text()}`);
  await body.dump();
}

function held(path: string, { digest, size }: Content, mediaType: string): PushedContent {
  return { path, digest, bytes: size, mediaType };
}

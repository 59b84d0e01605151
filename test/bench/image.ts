import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { request } from 'undici';
import { digestFrom, digestOf, type Digest } from '../../src/registry/digest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';

const repository = 'bench/image';
const tag = '1';
const smallLayerSizes = [200, 30_000, 300_000, 2_000_000, 8_000_000];
const configBytes = 1000;

/** An image in a registry: the paths at which any server of the registry API has it. */
export interface PushedImage {
  readonly manifestByTag: string;
  readonly manifestByDigest: string;
  /** A blob of 1 kB. */
  readonly config: string;
  readonly largeLayer: string;
  readonly largeLayerBytes: number;
}

interface Content {
  readonly digest: Digest;
  readonly size: number;
  readonly pieces: () => Iterable<Buffer>;
}

/** Pushes an image of several small layers and one of `largeLayerBytes`, which can be moved but not unpacked. */
export async function pushImage(url: string, largeLayerBytes: number): Promise<PushedImage> {
  const config = contentOf(Buffer.from(JSON.stringify({}).padEnd(configBytes)));
  const layers = smallLayerSizes.map((size) => contentOf(randomBytes(size)));
  const large = randomContent(largeLayerBytes);
  for (const content of [config, ...layers, large]) await pushBlob(url, content);
  const manifest = Buffer.from(JSON.stringify(manifestOf(config, [...layers, large])));
  await put(new URL(`/v2/${repository}/manifests/${tag}`, url), mediaTypes.ociManifest, {
    digest: digestOf(manifest),
    size: manifest.length,
    pieces: () => [manifest],
  });
  return {
    manifestByTag: `/v2/${repository}/manifests/${tag}`,
    manifestByDigest: `/v2/${repository}/manifests/${digestOf(manifest)}`,
    config: `/v2/${repository}/blobs/${config.digest}`,
    largeLayer: `/v2/${repository}/blobs/${large.digest}`,
    largeLayerBytes,
  };
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
async function pushBlob(url: string, content: Content): Promise<void> {
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

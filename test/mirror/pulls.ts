import assert from 'node:assert/strict';
import { request, type Dispatcher } from 'undici';
import type { Digest } from '../../src/registry/digest.ts';
import { blobBytes, type BlobContent } from '../support/blobContent.ts';
import type { ImageContent } from '../support/images.ts';
import { exchangeRaw, type RawEnd } from '../support/rawSocket.ts';
import type { TestMirror } from '../support/testMirror.ts';

/** Where a mirror is asked: one in this process or in another. */
export type Served = Pick<TestMirror, 'url'>;

/** What a request may carry. */
export interface AskOptions {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer of which all has been read. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly bytes: Buffer;
}

/** An answer as it came over the wire, complete or not. */
export interface WireAnswer extends Answer {
  readonly end: RawEnd;
}

/** The path of a manifest. */
export function manifestPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}

/** The path of a blob. */
export function blobPath(repository: string, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}

/** Asks for a path and reads the whole answer; rejects when that breaks off. */
export async function ask(
  { url }: Served,
  path: string,
  { method = 'GET', headers = {} }: AskOptions = {},
): Promise<Answer> {
  const answer = await request(`${url}${path}`, { method, headers });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  return { status: answer.statusCode, headers: answer.headers as Answer['headers'], bytes };
}

/** Gets a manifest. */
export function getManifest(
  mirror: Served,
  repository: string,
  reference: string,
): Promise<Answer> {
  return ask(mirror, manifestPath(repository, reference));
}

/** Asks about a manifest by HEAD. */
export function headManifest(
  mirror: Served,
  repository: string,
  reference: string,
): Promise<Answer> {
  return ask(mirror, manifestPath(repository, reference), { method: 'HEAD' });
}

/** Gets a blob. */
export function getBlob(mirror: Served, repository: string, digest: Digest): Promise<Answer> {
  return ask(mirror, blobPath(repository, digest));
}

/** Asks on a connection of its own and shows how the answer ended. */
export async function askRaw(
  { port }: TestMirror,
  path: string,
  headers: readonly string[] = [],
): Promise<WireAnswer> {
  const head = [`GET ${path} HTTP/1.1`, 'Host: mirror', 'Connection: close', ...headers];
  const reply = await exchangeRaw({ port, bytes: `${head.join('\r\n')}\r\n\r\n` });
  return { ...parseAnswer(reply.bytes), end: reply.end };
}

/**
 * Pulls an image as a client does: its manifest by a tag or digest, that of its first platform if it
 * has several, and their blobs. Fails when any byte is wrong; settles when the mirror has put all away.
 */
export async function pullImage(
  mirror: TestMirror,
  repository: string,
  reference: string,
  image: ImageContent,
): Promise<void> {
  const { status, bytes } = await getManifest(mirror, repository, reference);
  assert.equal(status, 200);
  assert.deepEqual(bytes, image.manifest.bytes);
  await Promise.all(image.blobs.map((blob) => pullBlob(mirror, repository, blob)));
  await Promise.all(image.blobs.map(({ digest }) => filled(mirror, digest)));
  const child = image.children[0];
  if (child !== undefined) await pullImage(mirror, repository, child.manifest.digest, child);
}

/** Gets a blob whole. Fails when any byte is wrong. */
export async function pullBlob(
  mirror: Served,
  repository: string,
  blob: BlobContent,
): Promise<Answer> {
  const answer = await getBlob(mirror, repository, blob.digest);
  assert.equal(answer.status, 200);
  assert.ok(answer.bytes.equals(blobBytes(blob)), `other bytes for ${blob.digest}`);
  return answer;
}

/** The error code of an OCI error body. */
export function errorCode({ bytes }: Answer): string | undefined {
  const { errors } = JSON.parse(bytes.toString()) as { errors: { code: string }[] };
  return errors[0]?.code;
}

/** Settles when no transfer of the blob is under way any more, however it ended. */
export async function filled({ mirror }: TestMirror, digest: Digest): Promise<void> {
  await mirror.fills.find(digest)?.finished.catch(() => undefined);
}

function parseAnswer(wire: Buffer): Answer {
  const end = wire.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = wire.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, bytes: wire.subarray(end + 4) };
}

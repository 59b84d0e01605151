import type { Readable } from 'node:stream';
import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { BlobBody } from '../upstream/upstream.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { MirrorObserver } from './mirrorObserver.ts';

/**
 * Starts a transfer of a blob at an offset, through a fresh redirect: signed addresses expire.
 * @throws {RegistryError} when the repository has no such blob
 * @throws {UpstreamError}
 */
export async function openTransfer(
  { upstream, name }: MirroredRepository,
  digest: Digest,
  offset: number,
  signal: AbortSignal,
): Promise<BlobBody> {
  const transfer = await upstream.getBlob(name, digest, offset, signal);
  if (transfer === undefined) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
  return transfer;
}

/**
 * The chunks of a transfer, counted, with the faults of the network told apart from whoever reads.
 * @throws {UpstreamError} when it breaks off
 */
export async function* receivedChunks(
  { host }: MirroredRepository,
  digest: Digest,
  body: Readable,
  observer: MirrorObserver,
): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      observer.pulledBytes(host, 'blob', chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw brokeOff(host, digest, error instanceof Error ? error.message : 'failed');
  }
}

/** The error for a transfer that ended before its end. */
export function brokeOff(host: string, digest: Digest, reason: string): UpstreamError {
  return new UpstreamError(host, 'unreachable', `broke off ${digest}: ${reason}`);
}

import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import type { BlobBody } from '../upstream/upstream.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';

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

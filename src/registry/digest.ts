import { createHash, type Hash } from 'node:crypto';
import type { Brand } from './brand.ts';

/** A validated content digest such as `sha256:9f86d0…`, in its one canonical (lower-case) spelling. */
export type Digest = Brand<string, 'Digest'>;

/** The algorithms that the OCI image-spec registers and that this mirror can verify. */
export type DigestAlgorithm = 'sha256' | 'sha512';

const hexLength: Record<DigestAlgorithm, number> = { sha256: 64, sha512: 128 };

/**
 * Reads a digest. `undefined` when the text is no digest, or one that the mirror could not verify:
 * an unverifiable digest must never name a file. Upper-case hex is refused, as go-digest refuses it.
 */
export function parseDigest(text: string): Digest | undefined {
  const colon = text.indexOf(':');
  const algorithm = text.slice(0, colon);
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return undefined;
  const hex = text.slice(colon + 1);
  return hex.length === hexLength[algorithm] && /^[0-9a-f]+$/.test(hex)
    ? (text as Digest)
    : undefined;
}

/** The algorithm that a digest names. */
export function digestAlgorithm(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(':')) as DigestAlgorithm;
}

/** The lower-case hex part of a digest. */
export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** A hash to feed with the bytes that are claimed to have this digest; compare with {@link digestFrom}. */
export function hashFor(digest: Digest): Hash {
  return createHash(digestAlgorithm(digest));
}

/** The digest that a finished hash stands for. The hash can't be used afterwards. */
export function digestFrom(algorithm: DigestAlgorithm, hash: Hash): Digest {
  return `${algorithm}:${hash.digest('hex')}` as Digest;
}

/** The digest of bytes that are in memory already. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return digestFrom(algorithm, createHash(algorithm).update(bytes));
}

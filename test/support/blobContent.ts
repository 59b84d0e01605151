import { createCipheriv, createHash } from 'node:crypto';
import {
  digestFrom,
  digestOf,
  type Digest,
  type DigestAlgorithm,
} from '../../src/registry/digest.ts';

/** What a blob consists of: any range of it can be had, in pieces, as often as wanted. */
export interface BlobContent {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** The bytes from `start` up to, not including, `end`. */
  chunks(start: number, end: number): Iterable<Buffer>;
}

/** How a generated blob comes about; equal recipes give equal bytes. */
export interface GeneratedBlobOptions {
  /** Bytes. */
  readonly size: number;
  readonly seed: string;
  readonly algorithm?: DigestAlgorithm;
}

const chunkBytes = 256 * 1024;
const cipherBlockBytes = 16;
const zeros = Buffer.alloc(chunkBytes);

/** A blob of bytes that are in memory. */
export function fixedBlob(content: Uint8Array | string, algorithm?: DigestAlgorithm): BlobContent {
  const bytes = Buffer.from(content);
  return {
    digest: digestOf(bytes, algorithm),
    size: bytes.length,
    *chunks(start, end) {
      for (let at = start; at < end; at += chunkBytes) {
        yield bytes.subarray(at, Math.min(at + chunkBytes, end));
      }
    },
  };
}

/**
 * A blob of pseudo-random bytes that are made when they are read: a large one costs no memory.
 * The bytes are an AES-CTR keystream, which can be entered at any offset.
 */
export function generatedBlob(options: GeneratedBlobOptions): BlobContent {
  const { size, seed, algorithm = 'sha256' } = options;
  const key = createHash('sha256').update(seed).digest().subarray(0, cipherBlockBytes);
  const hash = createHash(algorithm);
  for (const chunk of keystream(key, 0, size)) hash.update(chunk);
  return {
    digest: digestFrom(algorithm, hash),
    size,
    chunks: (start, end) => keystream(key, start, end),
  };
}

/** All bytes of a blob at once; for small ones. */
export function blobBytes(blob: BlobContent): Buffer {
  return Buffer.concat([...blob.chunks(0, blob.size)]);
}

function* keystream(key: Buffer, start: number, end: number): Iterable<Buffer> {
  const counter = Buffer.alloc(cipherBlockBytes);
  counter.writeBigUInt64BE(BigInt(Math.floor(start / cipherBlockBytes)), cipherBlockBytes - 8);
  const cipher = createCipheriv('aes-128-ctr', key, counter);
  cipher.update(zeros.subarray(0, start % cipherBlockBytes));
  for (let at = start; at < end; at += chunkBytes) {
    yield cipher.update(zeros.subarray(0, Math.min(chunkBytes, end - at)));
  }
}

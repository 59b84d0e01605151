import { hash, randomBytes } from 'node:crypto';
import { digestOf, hashFor, type DigestAlgorithm } from '../../../src/registry/digest.ts';

import { showSize, type Part, type PartWork } from './part.ts';

const pieceSizes = [64, 128, 256, 512, 1024].map((kibibytes) => kibibytes * 1024);
const wholeSizes = [1024, 64 * 1024, 1024 ** 2];
const algorithms: readonly DigestAlgorithm[] = ['sha256', 'sha512'];

/** What a digest costs: of a blob that comes in pieces, and of bytes that are there at once. */
export const hashing: Part = {
  name: 'hashing',
  works: async () =>
    algorithms.flatMap((algorithm) => [...inPieces(algorithm), ...atOnce(algorithm)]),
};

function inPieces(algorithm: DigestAlgorithm): PartWork[] {
  return pieceSizes.map((bytes) => {
    const piece = randomBytes(bytes);
    // It never ends: finishing costs as much as one block of 64 or 128 bytes.
    const hasher = hashFor(digestOf(piece, algorithm));
    return {
      name: `${algorithm} of a blob, in pieces of ${showSize(bytes)}`,
      bytes,
      run: () => hasher.update(piece),
    };
  });
}

function atOnce(algorithm: DigestAlgorithm): PartWork[] {
  return wholeSizes.flatMap((bytes) => {
    const whole = randomBytes(bytes);
    return [
      {
        name: `${algorithm} of ${showSize(bytes)} at once, createHash`,
        bytes,
        run: () => digestOf(whole, algorithm),
      },
      {
        name: `${algorithm} of ${showSize(bytes)} at once, crypto.hash`,
        bytes,
        run: () => hash(algorithm, whole),
      },
    ];
  });
}

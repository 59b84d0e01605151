import type { Digest } from '../../registry/digest.ts';
import type { ChildNode, ContentNode } from './contentNode.ts';

/**
 * Whether images can be pulled from here alone, under one repository. The same rule as that of
 * `Completeness` in mirror/, but for what an index lists that no machine runs.
 */
export class Wholeness {
  readonly #members: ReadonlySet<Digest>;
  readonly #known = new Map<ContentNode, boolean>();

  /** `members`: what may be served under the repository. */
  constructor(members: ReadonlySet<Digest>) {
    this.#members = members;
  }

  /** Of an image all that clients need of it, of an index one of its images at least, is at hand. */
  isWhole(node: ContentNode): boolean {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    // An index that claims to be within itself is not whole by that.
    this.#known.set(node, false);
    const isWhole = this.#isAtHand(node) && this.#hasParts(node);
    this.#known.set(node, isWhole);
    return isWhole;
  }

  #hasParts({ manifest }: ContentNode): boolean {
    if (manifest === undefined) return false;
    if (manifest.kind === 'other') return true;
    if (manifest.kind === 'image') {
      return manifest.required?.every((blob) => this.#isAtHand(blob)) ?? false;
    }
    const { children } = manifest;
    return children.length === 0 || children.some((child) => this.#runs(child));
  }

  #runs({ content, platform }: ChildNode): boolean {
    return platform !== unknownPlatform && this.isWhole(content);
  }

  #isAtHand({ digest, size }: ContentNode): boolean {
    return size !== undefined && this.#members.has(digest);
  }
}

/** What an index says of the attestations that BuildKit lists in it as if they were images. */
export const unknownPlatform = 'unknown/unknown';

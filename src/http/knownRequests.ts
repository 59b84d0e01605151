import { LRUCache } from 'lru-cache';
import type { MirroredRepository } from '../mirror/mirroredUpstream.ts';
import type { RegistryPath } from './registryPath.ts';

/** A sound request for a manifest or blob, as its target reads. */
export interface KnownRequest {
  readonly path: Extract<RegistryPath, { kind: 'manifest' | 'blob' }>;
  /** On the upstream that the target names; whether it may be shown is another question. */
  readonly found: MirroredRepository;
  readonly ns: string | undefined;
}

const remembered = 10_000;
// Together up to 10 MB; the path of an image on Docker Hub has some 120 characters.
const longest = 1024;

/**
 * What targets were found to ask for. It follows from the text and the configuration alone and so holds for
 * ever; to read one anew takes 2.4 µs.
 */
export class KnownRequests {
  readonly #known = new LRUCache<string, KnownRequest>({
    // With `max` it would make room for all of them at once.
    maxSize: remembered,
    sizeCalculation: () => 1,
  });

  get(target: string): KnownRequest | undefined {
    return this.#known.get(target);
  }

  set(target: string, request: KnownRequest): void {
    if (target.length <= longest) this.#known.set(target, request);
  }
}

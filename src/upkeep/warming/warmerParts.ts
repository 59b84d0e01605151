import type { Mirror } from '../../mirror/mirror.ts';
import type { BlobStore } from '../../store/blobStore.ts';
import type { ImageSelector } from '../imageSelector.ts';

/** What a {@link Warmer} works with. */
export interface WarmerParts {
  readonly mirror: Mirror;
  /** Those of the mirror's store. */
  readonly blobs: BlobStore;
  readonly selector: ImageSelector;
  /** Whether the mirror never asks an upstream. */
  readonly offline: boolean;
  /** Milliseconds to wait before each further try of a blob. */
  readonly retryDelays: readonly number[];
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow: () => number;
}

import type { Digest } from '../../registry/digest.ts';

/** What is to be exported. */
export interface ExportOptions {
  /** Names of images; without a tag or digest `latest` is meant. */
  readonly images: readonly string[];
  /** Such as `linux/amd64`; empty or `['all']`: all that are held. */
  readonly platforms: readonly string[];
}

/** An image that an import brought. */
export interface ImportedImage {
  /** The whole name. */
  readonly name: string;
  readonly digest: Digest;
  readonly complete: boolean;
}

/** What an import brought. */
export interface ImportReport {
  readonly images: readonly ImportedImage[];
  /** Blobs and manifests that were not held before. */
  readonly blobs: number;
  readonly bytes: number;
}

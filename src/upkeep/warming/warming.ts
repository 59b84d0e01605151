import type { Digest } from '../../registry/digest.ts';

/** What is to be warmed. */
export interface WarmingOptions {
  /** Names of images; without a tag or digest `latest` is meant, as for `docker pull`. */
  readonly images: readonly string[];
  /** Such as `linux/amd64`; `['all']`: all of them; empty: the one that the mirror runs on. */
  readonly platforms: readonly string[];
}

/** How far the warming of one image has come. */
export interface WarmingProgress {
  readonly kind: 'progress';
  /** As it was asked for. */
  readonly image: string;
  /** Bytes of it that are here, those that were here before included. */
  readonly bytes: number;
  /** Bytes of all of it, as far as its manifests are known. */
  readonly totalBytes: number;
  /** Bytes that came in for it now. */
  readonly fetchedBytes: number;
}

/** An image is all here; when others push it out before the end, it is told of as failed once more. */
export interface ImageWarmed {
  readonly kind: 'warmed';
  readonly image: string;
  readonly digest: Digest;
  readonly platforms: readonly string[];
  readonly bytes: number;
  readonly fetchedBytes: number;
  readonly seconds: number;
}

/** An image could not be had, or not all of it, or was not all here any more at the end. */
export interface WarmingFailed {
  readonly kind: 'failed';
  readonly image: string;
  /** In a sentence, with what to do where something can be done. */
  readonly reason: string;
}

/** The end of a warming. */
export interface WarmingDone {
  readonly kind: 'done';
  readonly warmed: number;
  readonly failed: number;
  readonly fetchedBytes: number;
  readonly seconds: number;
}

/** What happens during a warming. */
export type WarmingEvent = WarmingProgress | ImageWarmed | WarmingFailed | WarmingDone;

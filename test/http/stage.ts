import type { Digest } from '../../src/registry/digest.ts';
import { generatedBlob, type BlobContent } from '../support/blobContent.ts';
import { startHub, type ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage, type SingleImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { startMirror, type TestMirror, type TestMirrorOptions } from '../support/testMirror.ts';
import { wireClient, type Ask } from './wireAnswer.ts';

/** A mirror before a Hub that has one image, and a client of the mirror. */
export interface Stage {
  readonly hub: ScriptedHub;
  readonly mirror: TestMirror;
  /** `library/alpine:3.20`; the mirror is asked for it under this name. */
  readonly image: SingleImage;
  /** 2048 bytes: answered from memory once it is held. */
  readonly small: BlobContent;
  /** Two MB if not said otherwise: answered from disk once it is held. */
  readonly large: BlobContent;
  readonly ask: Ask;
  /** Has the mirror fetch a blob, and waits until it is held. */
  readonly hold: (blob: BlobContent) => Promise<void>;
}

/** How a stage differs from the usual one. */
export interface StageOptions extends TestMirrorOptions {
  /** Bytes of {@link Stage.large}. */
  readonly largeSize?: number;
}

/** Starts all of it, for one test. */
export async function startStage(t: Lifetime, options: StageOptions = {}): Promise<Stage> {
  const hub = await startHub(t);
  const small = generatedBlob({ size: 2048, seed: 'small' });
  const large = generatedBlob({ size: options.largeSize ?? 2_000_000, seed: 'large' });
  const image = buildImage({ layers: [small, large] });
  hub.addImage('library/alpine', image, { tags: ['3.20'] });
  const mirror = await startMirror(t, hub, options);
  const ask = wireClient(mirror.port);
  const hold = async ({ digest }: BlobContent): Promise<void> => {
    await ask('GET', blobPath(digest));
    await mirror.mirror.fills.find(digest)?.finished;
  };
  return { hub, mirror, image, small, large, ask, hold };
}

/** The path of a blob of {@link Stage.image}. */
export function blobPath(digest: Digest): string {
  return `/v2/library/alpine/blobs/${digest}`;
}

/** The path of a manifest in the repository of {@link Stage.image}. */
export function manifestPath(reference: string): string {
  return `/v2/library/alpine/manifests/${reference}`;
}

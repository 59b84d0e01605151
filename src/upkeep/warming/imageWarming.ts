import type { ManifestAnswer } from '../../mirror/manifestAnswer.ts';
import type { MirroredRepository } from '../../mirror/mirroredUpstream.ts';
import type { Digest } from '../../registry/digest.ts';
import { blobsOf, parseManifest, type Manifest } from '../../registry/manifest.ts';
import { platformOf, platformText } from '../../registry/platform.ts';
import { parseJsonObject } from '../../registry/jsonObject.ts';
import type { Reference } from '../../registry/reference.ts';
import { BlobWarming } from './blobWarming.ts';
import type { PlatformChoice } from './platformChoice.ts';
import type { Slots } from './slots.ts';
import { UpkeepError } from '../upkeepError.ts';
import type { WarmerParts } from './warmerParts.ts';
import { noRoomError } from './warmingFailure.ts';
import type { ImageWarmed, WarmingProgress } from './warming.ts';

/** A manifest of the image, and what it cost. */
interface FetchedManifest {
  readonly manifest: Manifest;
  readonly digest: Digest;
  readonly size: number;
  readonly fetched: number;
}

/** One image on its way into the cache: its manifests one after the other, then its blobs. */
export class ImageWarming {
  readonly image: string;
  readonly #parts: WarmerParts;
  readonly #choice: PlatformChoice;
  readonly #slots: Slots;
  readonly #manifests = new Map<Digest, FetchedManifest>();
  readonly #blobs = new Map<Digest, BlobWarming>();

  /** `slots`: those for blobs. */
  constructor(image: string, parts: WarmerParts, choice: PlatformChoice, slots: Slots) {
    this.image = image;
    this.#parts = parts;
    this.#choice = choice;
    this.#slots = slots;
  }

  /** How far it has come. */
  get progress(): WarmingProgress {
    const { image } = this;
    return { kind: 'progress', image, ...this.#sums() };
  }

  /** Bytes that came in of each of its parts. */
  *fetched(): Iterable<readonly [Digest, number]> {
    for (const { digest, fetched } of this.#manifests.values()) yield [digest, fetched];
    for (const { digest, fetched } of this.#blobs.values()) yield [digest, fetched];
  }

  /** Whether all of it that was fetched, or was here before, is here still. */
  get isHeld(): boolean {
    const { blobs } = this.#parts;
    const hasManifests = this.#manifests.keys().every((one) => blobs.describe(one) !== undefined);
    return hasManifests && this.#blobs.values().every(({ isHeld }) => isHeld);
  }

  /** Settles when all of it is in the cache; rejects when it can't be had, or not all that was wanted. */
  async run(signal: AbortSignal): Promise<ImageWarmed> {
    const { mirror, monotonicNow, selector } = this.#parts;
    const began = monotonicNow();
    const { repository, reference } = selector.name(this.image);
    const asked = await mirror.visibility.requireForSomebody(repository);
    const root = await this.#manifest(asked, reference, signal);
    const { platforms, missing } = await this.#children(asked, root.manifest, signal);
    await this.#allBlobs(asked, signal);
    if (missing !== undefined) throw missing;
    return {
      kind: 'warmed',
      image: this.image,
      digest: root.digest,
      platforms: root.manifest.kind === 'index' ? platforms : await this.#platformOf(root.manifest),
      bytes: this.#sums().bytes,
      fetchedBytes: this.#sums().fetchedBytes,
      seconds: (monotonicNow() - began) / 1000,
    };
  }

  async #manifest(
    repository: MirroredRepository,
    reference: Reference,
    signal: AbortSignal,
  ): Promise<FetchedManifest> {
    signal.throwIfAborted();
    const { blobs, mirror } = this.#parts;
    const answer = await mirror.manifests.get(repository, reference);
    if (answer.outcome === 'stale') throw staleError(answer);
    const { bytes, digest, mediaType, size } = answer;
    if (blobs.describe(digest) === undefined) throw noRoomError();
    const manifest = parseManifest(bytes, mediaType);
    if (manifest === undefined || manifest.kind === 'other') {
      throw new UpkeepError('failed', `it is no image, but of the type ${mediaType}`);
    }
    const fetched = answer.outcome === 'miss' ? size : 0;
    const whole = { manifest, digest, size, fetched };
    this.#manifests.set(digest, whole);
    return whole;
  }

  /** Fetches the manifests that are wanted of an index, those of an index in it too. */
  async #children(
    repository: MirroredRepository,
    root: Manifest,
    signal: AbortSignal,
  ): Promise<{ platforms: readonly string[]; missing: UpkeepError | undefined }> {
    if (root.kind !== 'index') return { platforms: [], missing: undefined };
    const { wanted, platforms, missing } = this.#choice.of(root);
    const ahead = [...wanted];
    for (const { digest } of ahead) {
      if (this.#manifests.has(digest)) continue;
      const reference = { kind: 'digest', digest } as const;
      const { manifest } = await this.#manifest(repository, reference, signal);
      if (manifest.kind === 'index') ahead.push(...this.#choice.of(manifest).wanted);
    }
    return { platforms, missing };
  }

  /** All of them, three or so at a time; the first that fails keeps others from being begun. */
  async #allBlobs(repository: MirroredRepository, signal: AbortSignal): Promise<void> {
    for (const { manifest } of this.#manifests.values()) {
      const blobs = blobsOf(manifest);
      if (blobs === undefined) {
        throw new UpkeepError('failed', 'it has a blob that no mirror can verify, by its digest');
      }
      for (const blob of blobs) {
        if (this.#blobs.has(blob.digest)) continue;
        this.#blobs.set(blob.digest, new BlobWarming(this.#parts, repository, blob));
      }
    }
    const failed = new AbortController();
    const both = AbortSignal.any([signal, failed.signal]);
    const works = this.#blobs.values().map(async (blob) => {
      try {
        await this.#slots.run(() => blob.run(both), both);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    });
    await Promise.all(works);
    // Where the cache is too small for all of it, what came last has pushed out what came first.
    if (!this.isHeld) throw noRoomError();
  }

  /** What the config says; that image is warmed whatever it says, for there is no other. */
  async #platformOf(manifest: Manifest): Promise<readonly string[]> {
    if (manifest.kind !== 'image' || manifest.config === undefined) return [];
    const bytes = await this.#parts.blobs.peek(manifest.config.digest);
    const config = bytes && parseJsonObject(bytes);
    const platform = config && platformOf(config);
    return platform === undefined ? [] : [platformText(platform)];
  }

  #sums(): { bytes: number; totalBytes: number; fetchedBytes: number } {
    const manifests = [...this.#manifests.values()];
    const blobs = [...this.#blobs.values()];
    const ofManifests = sum(manifests.map(({ size }) => size));
    return {
      bytes: ofManifests + sum(blobs.map(({ length }) => length)),
      totalBytes: ofManifests + sum(blobs.map(({ size }) => size)),
      fetchedBytes: sum([...manifests, ...blobs].map(({ fetched }) => fetched)),
    };
  }
}

function staleError({ warning }: ManifestAnswer): UpkeepError {
  return new UpkeepError('failed', warning ?? 'the upstream could not confirm what is held');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

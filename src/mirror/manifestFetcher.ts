import { contentNature } from '../registry/contentNature.ts';
import { digestAlgorithm, digestOf, type Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { parseJsonObject, textOf } from '../registry/jsonObject.ts';
import { parseManifest, type Manifest } from '../registry/manifest.ts';
import { isImage, isIndex } from '../registry/mediaType.ts';
import { referenceText, type Reference } from '../registry/reference.ts';
import type { BlobStore } from '../store/blobStore.ts';
import { repositoryKey, tagKey } from '../store/catalog.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { ManifestBody } from '../upstream/upstream.ts';
import { unlessRefused } from './diskRefusal.ts';
import type { Memberships } from './memberships.ts';
import type { MirroredRepository } from './mirroredUpstream.ts';
import type { MirrorObserver } from './mirrorObserver.ts';

/** A verified manifest, byte for byte as the upstream sent it. */
export interface HeldManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** Fetches manifests from upstreams, which Docker Hub counts as pulls: once however many ask. */
export class ManifestFetcher {
  readonly #blobs: BlobStore;
  readonly #memberships: Memberships;
  readonly #observer: MirrorObserver;
  readonly #flights = new SingleFlight<string, HeldManifest>();
  /** Under which repository a flight asks, by its key. */
  readonly #asking = new Map<string, string>();

  constructor(blobs: BlobStore, memberships: Memberships, observer: MirrorObserver) {
    this.#blobs = blobs;
    this.#memberships = memberships;
    this.#observer = observer;
  }

  /**
   * Fetches, verifies and keeps a manifest. `joined` says that another request was at it already, and
   * `elsewhere` that this is under another repository.
   * @throws {RegistryError} when the upstream has no such manifest or repository
   * @throws {UpstreamError}
   */
  fetch(
    repository: MirroredRepository,
    reference: Reference,
  ): { promise: Promise<HeldManifest>; joined: boolean; elsewhere: boolean } {
    const key = reference.kind === 'digest' ? reference.digest : tagKey(repository, reference.tag);
    const own = repositoryKey(repository);
    const flight = this.#flights.run(key, async () => {
      try {
        return await this.#fetch(repository, reference);
      } finally {
        this.#asking.delete(key);
      }
    });
    // The work has not begun yet.
    if (!flight.joined) this.#asking.set(key, own);
    return { ...flight, elsewhere: flight.joined && this.#asking.get(key) !== own };
  }

  async #fetch(repository: MirroredRepository, reference: Reference): Promise<HeldManifest> {
    const { upstream, name, host } = repository;
    const generation = await this.#memberships.generation(repository);
    const body = await upstream.getManifest(name, reference);
    if (body === undefined) {
      // As of one that is held for another repository: the two must not differ.
      const { kind } = reference;
      const detail = kind === 'tag' ? { tag: reference.tag } : { digest: reference.digest };
      throw new RegistryError('MANIFEST_UNKNOWN', { detail });
    }
    this.#observer.pulledBytes(host, 'manifest', body.bytes.length);
    const { manifest, parsed } = this.#verified(host, reference, body);
    // First, or who finds it held asks the upstream once more whether the repository has it.
    const named = blobsNamedBy(parsed);
    await this.#memberships.add(repository, [manifest.digest], generation);
    await this.#memberships.addVouched(repository, named, generation);
    const { digest, bytes, mediaType } = manifest;
    await unlessRefused(this.#blobs.put(digest, bytes, mediaType, repository.audience === 'some'));
    return manifest;
  }

  /** The type is kept for all repositories, so it has to fit the bytes whatever the header said. */
  #verified(
    host: string,
    reference: Reference,
    body: ManifestBody,
  ): { manifest: HeldManifest; parsed: Manifest } {
    const { bytes } = body;
    const algorithm = reference.kind === 'digest' ? digestAlgorithm(reference.digest) : 'sha256';
    const digest = digestOf(bytes, algorithm);
    if (reference.kind === 'digest' && digest !== reference.digest) {
      const nature = contentNature(bytes);
      const { digest: expected } = reference;
      this.#observer.digestMismatched(host, { expected, actual: digest, nature, heldBefore: 0 });
      throw new UpstreamError(host, 'server_error', `sent ${nature} in the place of ${expected}`);
    }
    const mediaType = statedMediaType(bytes) ?? body.mediaType;
    const parsed = parseManifest(bytes, mediaType);
    if (parsed === undefined) {
      const subject = referenceText(reference);
      const message = `sent ${contentNature(bytes)} that is no manifest for ${subject}`;
      throw new UpstreamError(host, 'server_error', message);
    }
    return { manifest: { digest, mediaType, bytes }, parsed };
  }
}

/** What a manifest calls itself, where that is a type that the mirror knows. */
function statedMediaType(bytes: Buffer): string | undefined {
  const stated = textOf(parseJsonObject(bytes) ?? {}, 'mediaType');
  return stated !== undefined && (isIndex(stated) || isImage(stated)) ? stated : undefined;
}

/**
 * A registry takes in an image only with its blobs: by serving one it vouches for them. It does not for
 * those with `urls`, which clients fetch elsewhere: it may never have looked for them.
 */
function blobsNamedBy(manifest: Manifest): Digest[] {
  if (manifest.kind !== 'image' || manifest.ambiguous) return [];
  const { config, layers } = manifest;
  const named = [...(config === undefined ? [] : [config]), ...layers];
  return named.filter(({ urls }) => urls === undefined).map(({ digest }) => digest);
}

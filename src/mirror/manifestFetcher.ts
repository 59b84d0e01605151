import { digestAlgorithm, digestOf, type Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { parseManifest } from '../registry/manifest.ts';
import { referenceText, type Reference } from '../registry/reference.ts';
import type { BlobStore } from '../store/blobStore.ts';
import { tagKey } from '../store/catalog.ts';
import { SingleFlight } from '../upstream/singleFlight.ts';
import { UpstreamError } from '../upstream/upstreamError.ts';
import type { ManifestBody } from '../upstream/upstream.ts';
import { ifRoom } from './diskFull.ts';
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

  constructor(blobs: BlobStore, memberships: Memberships, observer: MirrorObserver) {
    this.#blobs = blobs;
    this.#memberships = memberships;
    this.#observer = observer;
  }

  /**
   * Fetches, verifies and keeps a manifest. `joined` says that another request was at it already, which
   * for a digest may have been under another repository.
   * @throws {RegistryError} when the upstream has no such manifest or repository
   * @throws {UpstreamError}
   */
  fetch(
    repository: MirroredRepository,
    reference: Reference,
  ): { promise: Promise<HeldManifest>; joined: boolean } {
    const key = reference.kind === 'digest' ? reference.digest : tagKey(repository, reference.tag);
    return this.#flights.run(key, () => this.#fetch(repository, reference));
  }

  async #fetch(repository: MirroredRepository, reference: Reference): Promise<HeldManifest> {
    const { upstream, name, host } = repository;
    const body = await upstream.getManifest(name, reference);
    if (body === undefined) {
      throw new RegistryError('MANIFEST_UNKNOWN', {
        detail: { reference: referenceText(reference) },
      });
    }
    this.#observer.pulledBytes(host, 'manifest', body.bytes.length);
    const manifest = this.#verified(host, reference, body);
    await ifRoom(this.#blobs.put(manifest.digest, manifest.bytes, manifest.mediaType));
    await this.#memberships.add(repository, [manifest.digest, ...blobsNamedBy(manifest)]);
    return manifest;
  }

  #verified(host: string, reference: Reference, { bytes, mediaType }: ManifestBody): HeldManifest {
    if (reference.kind === 'digest') {
      const actual = digestOf(bytes, digestAlgorithm(reference.digest));
      if (actual === reference.digest) return { digest: actual, mediaType, bytes };
      this.#observer.digestMismatched(host);
      throw new UpstreamError(host, 'server_error', `sent other bytes for ${reference.digest}`);
    }
    // Without a digest to compare with, an error page must at least not pass for a manifest.
    if (parseManifest(bytes, mediaType) === undefined) {
      throw new UpstreamError(host, 'server_error', `sent no manifest for tag ${reference.tag}`);
    }
    return { digest: digestOf(bytes), mediaType, bytes };
  }
}

/** A registry takes in an image only with its blobs: by serving one it vouches for them. */
function blobsNamedBy({ bytes, mediaType }: HeldManifest): Digest[] {
  const manifest = parseManifest(bytes, mediaType);
  if (manifest?.kind !== 'image') return [];
  const { config, layers } = manifest;
  return [...(config === undefined ? [] : [config]), ...layers].map(({ digest }) => digest);
}

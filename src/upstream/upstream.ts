import type { Readable } from 'node:stream';
import type { Digest } from '../registry/digest.ts';
import type { Reference } from '../registry/reference.ts';
import type { RepositoryName } from '../registry/repositoryName.ts';

/** What a HEAD on a manifest tells. Some registries leave out the digest or the size. */
export interface ManifestHead {
  readonly mediaType: string;
  readonly digest?: Digest;
  readonly size?: number;
}

/** A manifest as the upstream sent it, byte for byte, not yet verified. */
export interface ManifestBody {
  readonly mediaType: string;
  readonly bytes: Buffer;
}

/** A blob on its way. Whoever gets one must read the body to its end or destroy it. */
export interface BlobBody {
  /** Where in the blob the body begins: 0, or the offset asked for when the far side honoured it. */
  readonly offset: number;
  /** The size of the whole blob in bytes, where the far side said it. */
  readonly size?: number;
  readonly body: Readable;
  /**
   * Takes back the memory of a piece of the body, or of several that lie side by side, that nobody reads any
   * more. Whoever keeps a piece, or loses it, need not call it.
   */
  readonly recycle?: (piece: Buffer) => void;
}

/** One page of a tag list. */
export interface TagPage {
  readonly tags: readonly string[];
  /** The query of the next page's address, opaque, without `?`; absent on the last page. */
  readonly next?: string;
}

/** One page of a referrers list. */
export interface ReferrersPage {
  /** The image index, byte for byte. */
  readonly bytes: Buffer;
  /** The `OCI-Filters-Applied` header, where there was one. */
  readonly filtersApplied?: string;
  /** As in {@link TagPage}. */
  readonly next?: string;
}

/**
 * One registry that this mirror stands before. Absent content is `undefined`. A repository that the
 * upstream says is private or gone is a `RegistryError` with the code `NAME_UNKNOWN`. Everything that
 * went wrong is an `UpstreamError`.
 */
export interface Upstream {
  /** The name that clients know it by, for instance `docker.io`. */
  readonly host: string;
  /** Asks what a tag or digest stands for. Docker Hub does not count it as a pull. */
  headManifest(repository: RepositoryName, reference: Reference): Promise<ManifestHead | undefined>;
  /** Fetches a manifest. Docker Hub counts it as a pull. */
  getManifest(repository: RepositoryName, reference: Reference): Promise<ManifestBody | undefined>;
  /**
   * Starts a blob's transfer from the byte `offset` on; settles when the headers are in.
   * `signal` ends the transfer, at any time.
   */
  getBlob(
    repository: RepositoryName,
    digest: Digest,
    offset: number,
    signal: AbortSignal,
  ): Promise<BlobBody | undefined>;
  /** Whether the repository holds the blob, found out without moving its bytes. */
  hasBlob(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** Fetches a page of tags; `query` is sent as it is, without `?`. */
  listTags(repository: RepositoryName, query: string): Promise<TagPage | undefined>;
  /** Fetches a page of referrers; `undefined` when the upstream has no referrers API. */
  listReferrers(
    repository: RepositoryName,
    digest: Digest,
    query: string,
  ): Promise<ReferrersPage | undefined>;
  /** When it last answered properly, in milliseconds of the monotonic clock; `undefined` if it was silent or hung up since, or never asked. */
  readonly lastAnswerAt: number | undefined;
  /**
   * Whether its blobs can be had. While those asked for before have failed too often, it asks for the last
   * of them first, if it is time to: a client's pull should not be what finds out.
   */
  canGiveBlobs(): Promise<boolean>;
}

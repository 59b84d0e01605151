import type { Digest } from '../../../src/registry/digest.ts';
import { mediaTypes } from '../../../src/registry/mediaType.ts';
import type { BlobContent } from '../blobContent.ts';
import {
  eachImage,
  manifestDescriptor,
  type Descriptor,
  type ImageContent,
  type ManifestContent,
} from '../images.ts';

/** How an image is put into a repository. */
export interface AddImageOptions {
  readonly tags?: readonly string[];
  /** Readable by `allowed` alone; see {@link ContentControls.makePrivate}. */
  readonly private?: boolean;
  readonly allowed?: readonly string[];
}

/** What a test can do to what the Hub holds. Repository names are whole: `library/alpine`. */
export interface ContentControls {
  /** Adds the image with all it consists of, and the repository where there is none yet. */
  addImage(repository: string, image: ImageContent, options?: AddImageOptions): void;
  /** Sets a tag, or moves it. */
  tag(repository: string, tag: string, image: ImageContent): void;
  removeTag(repository: string, tag: string): void;
  removeRepository(repository: string): void;
  /** The blob stays on the CDN for addresses that were signed already. */
  removeBlob(repository: string, digest: Digest): void;
  /** Only these user names may read it from now on. */
  makePrivate(repository: string, allowed?: readonly string[]): void;
  makePublic(repository: string): void;
}

/** A repository; `readers` is absent where everybody may read. */
export interface Repository {
  readonly name: string;
  readonly tags: Map<string, Digest>;
  readonly manifests: Map<string, ManifestContent>;
  readonly descriptors: Map<Digest, Descriptor>;
  readonly blobs: Map<string, BlobContent>;
  readers?: ReadonlySet<string>;
}

/** Everything the Hub holds. */
export interface Content {
  readonly repositories: Map<string, Repository>;
  /** What the CDN has, by digest. */
  readonly stored: Map<string, BlobContent>;
}

/** A Hub that holds nothing. */
export function createContent(): Content {
  return { repositories: new Map(), stored: new Map() };
}

/** The controls of what a Hub holds. */
export function contentControls(content: Content): ContentControls {
  const { repositories } = content;
  const existing = (name: string): Repository => {
    const repository = repositories.get(name);
    if (repository === undefined) throw new Error(`the scripted Hub has no ${name}`);
    return repository;
  };
  const makePrivate = (name: string, allowed: readonly string[] = []) => {
    existing(name).readers = new Set(allowed);
  };
  return {
    addImage: (name, image, options = {}) => {
      const repository = repositories.get(name) ?? emptyRepository(name);
      repositories.set(name, repository);
      for (const part of eachImage(image)) addOne(content, repository, part);
      for (const tag of options.tags ?? []) repository.tags.set(tag, image.manifest.digest);
      if (options.private === true) makePrivate(name, options.allowed);
    },
    tag: (name, tag, image) => {
      existing(name).tags.set(tag, image.manifest.digest);
    },
    removeTag: (name, tag) => existing(name).tags.delete(tag),
    removeRepository: (name) => repositories.delete(name),
    removeBlob: (name, digest) => existing(name).blobs.delete(digest),
    makePrivate,
    makePublic: (name) => {
      delete existing(name).readers;
    },
  };
}

/** The repository, if it exists and this user (`undefined`: an anonymous one) may read it. */
export function readableRepository(
  content: Content,
  name: string | undefined,
  username: string | undefined,
): Repository | undefined {
  const repository = name === undefined ? undefined : content.repositories.get(name);
  if (repository?.readers === undefined) return repository;
  return username !== undefined && repository.readers.has(username) ? repository : undefined;
}

/** The manifest that a tag or digest names. */
export function findManifest(
  repository: Repository,
  reference: string,
): ManifestContent | undefined {
  return repository.manifests.get(repository.tags.get(reference) ?? reference);
}

/** What an index lists. */
export function indexedDescriptors(index: ManifestContent): readonly Descriptor[] {
  return (JSON.parse(index.bytes.toString()) as { manifests: Descriptor[] }).manifests;
}

/** The descriptors of all manifests whose `subject` is this digest, in the order they were added. */
export function referrersOf(repository: Repository, subject: string): readonly Descriptor[] {
  return [...repository.manifests.values()]
    .filter((manifest) => subjectOf(manifest) === subject)
    .flatMap((manifest) => repository.descriptors.get(manifest.digest) ?? []);
}

function emptyRepository(name: string): Repository {
  return {
    name,
    tags: new Map(),
    manifests: new Map(),
    descriptors: new Map(),
    blobs: new Map(),
  };
}

function addOne(content: Content, repository: Repository, image: ImageContent): void {
  const { manifest, blobs } = image;
  repository.manifests.set(manifest.digest, manifest);
  repository.descriptors.set(manifest.digest, manifestDescriptor(image));
  for (const blob of blobs) {
    repository.blobs.set(blob.digest, blob);
    content.stored.set(blob.digest, blob);
  }
}

function subjectOf(manifest: ManifestContent): string | undefined {
  if (manifest.mediaType !== mediaTypes.ociManifest && manifest.mediaType !== mediaTypes.ociIndex) {
    return undefined;
  }
  const { subject } = JSON.parse(manifest.bytes.toString()) as { subject?: Descriptor };
  return subject?.digest;
}

import type { Digest } from '../../registry/digest.ts';
import type { Tag } from '../../registry/reference.ts';
import type { Repository, TagEntry } from '../../store/catalog.ts';
import { manifestsIn } from './contentNode.ts';
import type { ContentNodes } from './contentNodes.ts';
import type { KnownRepository } from '../knownRepositories.ts';
import type { Turns } from '../turns.ts';
import { wholeName } from '../wholeName.ts';

/** An image that the cache knows: a tag, or a manifest that was asked for by digest alone. */
export interface KnownImage {
  readonly repository: Repository;
  /** `undefined` for one that was asked for by digest. */
  readonly tag: Tag | undefined;
  readonly digest: Digest;
  /** What is known of the tag. */
  readonly entry: TagEntry | undefined;
}

/** The members of all repositories; of some more than once. */
export function* membersOf(repositories: Iterable<KnownRepository>): Generator<Digest, void> {
  for (const { members } of repositories) yield* members;
}

/**
 * The images of one repository: each tag, held or not, and each held manifest that is none of its tags and is
 * in no index that it has. The indexes among its members have to be read already. Others get their turn
 * meanwhile.
 */
export async function* imagesOf(
  { repository, tags, members }: KnownRepository,
  isManifest: (digest: Digest) => boolean,
  nodes: ContentNodes,
  turns: Turns,
): AsyncGenerator<KnownImage, void> {
  const named = new Set<Digest>();
  for (const [tag, entry] of tags) {
    yield { repository, tag, digest: entry.digest, entry };
    named.add(entry.digest);
    await turns.next();
  }
  for (const member of members) {
    for (const { digest } of manifestsIn(nodes.of(member))) named.add(digest);
    await turns.next();
  }
  for (const digest of members) {
    await turns.next();
    if (named.has(digest) || !isManifest(digest)) continue;
    yield { repository, tag: undefined, digest, entry: undefined };
  }
}

/** The whole name of an image: `docker.io/library/alpine:3.20`, or with a digest in the place of the tag. */
export function imageNameOf({ repository, tag, digest }: Omit<KnownImage, 'entry'>): string {
  return wholeName(
    repository,
    tag === undefined ? { kind: 'digest', digest } : { kind: 'tag', tag },
  );
}

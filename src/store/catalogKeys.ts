import { parseDigest, type Digest } from '../registry/digest.ts';
import { parseTag, type Tag } from '../registry/reference.ts';
import { parseRepositoryName } from '../registry/repositoryName.ts';
import type { Repository } from './catalog.ts';

/** The repository that `repositoryKey` gave this key; `undefined` when no repository has it. */
export function repositoryOfKey(key: string): Repository | undefined {
  // A host has no slash, and may have a port.
  const slash = key.indexOf('/');
  const name = parseRepositoryName(key.slice(slash + 1));
  return slash < 1 || name === undefined ? undefined : { host: key.slice(0, slash), name };
}

/** The parts of what `tagKey` gave: the key of the repository and the tag. */
export function splitTagKey(key: string): { repository: string; tag: Tag } | undefined {
  const colon = key.lastIndexOf(':');
  const tag = parseTag(key.slice(colon + 1));
  return colon < 1 || tag === undefined ? undefined : { repository: key.slice(0, colon), tag };
}

/** The parts of what `membershipKey` gave: the key of the repository and the digest. */
export function splitMembershipKey(
  key: string,
): { repository: string; digest: Digest } | undefined {
  const at = key.lastIndexOf('@');
  const digest = parseDigest(key.slice(at + 1));
  return at < 1 || digest === undefined ? undefined : { repository: key.slice(0, at), digest };
}

import { blobBytes, type BlobContent } from '../../support/blobContent.ts';
import type { TriedRepository } from './repositories.ts';

/** A request for something in a repository, and the bytes that answer it; `undefined`: any. */
export interface RouteRequest {
  readonly route: string;
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly range?: string;
  readonly content: Buffer | undefined;
}

/** How many routes there are. */
export const routeCount = 11;

/**
 * All that can be asked for in a repository. Each finds what it wants not yet held when they are sent in this order
 * to a mirror that holds nothing: the blobs before the manifests, which vouch for them.
 */
export function requestsFor({ name, tagged, other }: TriedRepository): readonly RouteRequest[] {
  const [first, second, third] = tagged.layers as [BlobContent, BlobContent, BlobContent];
  const at = (rest: string): string => `/v2/${name}/${rest}`;
  const blob = ({ digest }: BlobContent): string => at(`blobs/${digest}`);
  const digest = at(`manifests/${other.manifest.digest}`);
  const tag = at('manifests/1');
  const tags = at('tags/list');
  const referrers = at(`referrers/${tagged.manifest.digest}`);
  const none = Buffer.alloc(0);
  const part = blobBytes(third).subarray(10, 20);
  const list = Buffer.from(JSON.stringify({ name, tags: ['1', '2'] }));
  return [
    { route: 'HEAD blob', method: 'HEAD', path: blob(first), content: none },
    { route: 'blob', method: 'GET', path: blob(second), content: blobBytes(second) },
    { route: 'Range', method: 'GET', path: blob(third), range: 'bytes=10-19', content: part },
    { route: 'HEAD digest', method: 'HEAD', path: digest, content: none },
    { route: 'digest', method: 'GET', path: digest, content: other.manifest.bytes },
    { route: 'HEAD tag', method: 'HEAD', path: tag, content: none },
    { route: 'tag', method: 'GET', path: tag, content: tagged.manifest.bytes },
    { route: 'HEAD tags', method: 'HEAD', path: tags, content: none },
    { route: 'tags', method: 'GET', path: tags, content: list },
    { route: 'HEAD referrers', method: 'HEAD', path: referrers, content: none },
    { route: 'referrers', method: 'GET', path: referrers, content: undefined },
  ];
}

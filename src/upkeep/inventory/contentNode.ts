import type { Digest } from '../../registry/digest.ts';

/** A blob or manifest that images consist of: one for each digest, however many of them need it. */
export interface ContentNode {
  readonly digest: Digest;
  /** Bytes; `undefined` when it is not held. */
  readonly size: number | undefined;
  /** What the manifest says; absent for blobs, and for manifests that are not held or can't be read. */
  manifest?: ManifestNode;
}

/** What a manifest says that makes a difference to what is held. */
export type ManifestNode =
  | { readonly kind: 'index'; readonly children: readonly ChildNode[] }
  | {
      readonly kind: 'image';
      readonly config: ContentNode | undefined;
      /** The config and the layers. */
      readonly blobs: readonly ContentNode[];
      /** Those that a client fetches from here; `undefined` when one of them can never be had. */
      readonly required: readonly ContentNode[] | undefined;
    }
  | { readonly kind: 'other' };

/** A manifest in an index. */
export interface ChildNode {
  readonly content: ContentNode;
  /** As the index says it: `linux/amd64`. */
  readonly platform: string | undefined;
}

/** The content and all that it needs, each once, held or not. */
export function closureOf(content: ContentNode): ReadonlySet<ContentNode> {
  const found = new Set([content]);
  // It grows meanwhile.
  for (const { manifest } of found) {
    if (manifest?.kind === 'image') for (const blob of manifest.blobs) found.add(blob);
    if (manifest?.kind === 'index') for (const child of manifest.children) found.add(child.content);
  }
  return found;
}

/** All manifests that an index names, directly or through others. */
export function manifestsIn(index: ContentNode): ReadonlySet<ContentNode> {
  const found = new Set<ContentNode>();
  const indexes = new Set([index]);
  for (const { manifest } of indexes) {
    if (manifest?.kind !== 'index') continue;
    for (const { content } of manifest.children) {
      found.add(content);
      indexes.add(content);
    }
  }
  return found;
}

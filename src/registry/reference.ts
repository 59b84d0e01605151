import type { Brand } from './brand.ts';
import { parseDigest, type Digest } from './digest.ts';

/** A validated tag such as `3.20`. */
export type Tag = Brand<string, 'Tag'>;

/** What a manifest is asked for by. */
export type Reference = { kind: 'tag'; tag: Tag } | { kind: 'digest'; digest: Digest };

// OCI distribution-spec, "Pulling manifests": the grammar of a tag.
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Reads a tag; `undefined` when the text is none. */
export function parseTag(text: string): Tag | undefined {
  return tagPattern.test(text) ? (text as Tag) : undefined;
}

/** Reads `<reference>` of a manifest path: a digest where there is a colon, which no tag can have. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest === undefined ? undefined : { kind: 'digest', digest };
  }
  const tag = parseTag(text);
  return tag === undefined ? undefined : { kind: 'tag', tag };
}

/** The reference as it stands in a path. */
export function referenceText(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}

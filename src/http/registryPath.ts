import { parseDigest, type Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { parseReference, type Reference } from '../registry/reference.ts';

/** What a path below `/v2/` asks for; the name may still begin with an upstream's host. */
export type RegistryPath =
  | { readonly kind: 'base' }
  | { readonly kind: 'manifest'; readonly name: readonly string[]; readonly reference: Reference }
  | { readonly kind: 'blob'; readonly name: readonly string[]; readonly digest: Digest }
  | { readonly kind: 'referrers'; readonly name: readonly string[]; readonly digest: Digest }
  | { readonly kind: 'tags'; readonly name: readonly string[] };

/**
 * Reads a request's path, which must begin with `/v2`. A name has any number of components, so the
 * path is read from its end.
 * @throws {RegistryError} `NOT_FOUND` for no registry path, or what is wrong with one
 */
export function parseRegistryPath(path: string): RegistryPath {
  const [empty, version, ...rest] = path.split('/');
  if (empty !== '' || version !== 'v2') throw new RegistryError('NOT_FOUND');
  if (rest.length === 0 || (rest.length === 1 && rest[0] === '')) return { kind: 'base' };
  const segments = rest.map(decodeSegment);
  const [noun, last] = segments.slice(-2);
  const name = segments.slice(0, -2);
  if (noun === undefined || last === undefined) throw new RegistryError('NOT_FOUND');
  if (noun === 'tags' && last === 'list') return { kind: 'tags', name };
  if (noun === 'manifests') return { kind: 'manifest', name, reference: readReference(last) };
  if (noun === 'blobs') return { kind: 'blob', name, digest: readDigest(last) };
  if (noun === 'referrers') return { kind: 'referrers', name, digest: readDigest(last) };
  throw new RegistryError('NOT_FOUND');
}

/** Some clients write the colon of a digest as `%3A`. A slash in disguise stays within its segment. */
function decodeSegment(segment: string): string {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new RegistryError('REQUEST_INVALID', { message: 'malformed percent-encoding', cause });
  }
}

/** The conformance suite of the distribution-spec wants 404, and no 400, for a malformed tag. */
function readReference(text: string): Reference {
  const reference = parseReference(text);
  if (reference !== undefined) return reference;
  if (text.includes(':')) throw new RegistryError('DIGEST_INVALID');
  throw new RegistryError('MANIFEST_UNKNOWN', { message: 'manifest unknown: not a valid tag' });
}

function readDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new RegistryError('DIGEST_INVALID');
  return digest;
}

import type { Digest } from './digest.ts';
import { parseGlob } from './glob.ts';
import { isHost, splitImageText } from './imageName.ts';
import type { Tag } from './reference.ts';

/** What one part of an image's name has to be like. */
export interface PartPattern {
  /** As it was written. */
  readonly text: string;
  matches(part: string): boolean;
}

/** A pattern for images; what is `undefined` may be anything. */
export interface ImagePattern {
  readonly host: PartPattern | undefined;
  /** For the whole name of the repository. */
  readonly repository: PartPattern;
  /** Images that have no tag are like none. */
  readonly tag: PartPattern | undefined;
  readonly digest: PartPattern | undefined;
}

/** What a pattern is compared with. */
export interface NamedImage {
  readonly repository: { readonly host: string; readonly name: string };
  readonly tag: Tag | undefined;
  readonly digest: Digest;
}

/**
 * Reads `[HOST/]REPOSITORY[:TAG][@DIGEST]`, each part a glob. `undefined` when it is none. What it leaves
 * out, a host above all, stays open: the upstreams that there are decide about it (`ImageSelector`).
 */
export function parseImagePattern(text: string): ImagePattern | undefined {
  const parts = splitImageText(text);
  const repository = parseGlob(parts.path);
  const host = parsePart(parts.host?.toLowerCase(), parseHostPattern);
  const tag = parsePart(parts.tag, parseTagPattern);
  const digest = parsePart(parts.digest, parseDigestPattern);
  if (repository === undefined || host === null || tag === null || digest === null)
    return undefined;
  return { host, repository, tag, digest };
}

/** Whether an image is like the pattern in all parts. */
export function matchesImage(pattern: ImagePattern, image: NamedImage): boolean {
  const { host, repository, tag, digest } = pattern;
  if (host !== undefined && !host.matches(image.repository.host)) return false;
  if (!repository.matches(image.repository.name)) return false;
  if (tag !== undefined && (image.tag === undefined || !tag.matches(image.tag))) return false;
  return digest === undefined || digest.matches(image.digest);
}

/** A part that is exactly this text. */
export function exactPart(text: string): PartPattern {
  return { text, matches: (part) => part === text };
}

/** `undefined`: there is no such part; `null`: it can't be read. */
function parsePart(
  text: string | undefined,
  parse: (text: string) => PartPattern | undefined,
): PartPattern | undefined | null {
  return text === undefined ? undefined : (parse(text) ?? null);
}

/** A host without wildcards may be an IPv6 address, whose brackets would be a set of a glob. */
function parseHostPattern(text: string): PartPattern | undefined {
  return isHost(text) ? exactPart(text) : parseColonPattern(text);
}

function parseTagPattern(text: string): PartPattern | undefined {
  return text.includes('/') ? undefined : parseGlob(text);
}

/** Without the name of a hash it is for the hexadecimal digits: `*`, or the first few of them. */
function parseDigestPattern(text: string): PartPattern | undefined {
  if (text.includes(':')) return parseColonPattern(text);
  const glob = text.includes('/') ? undefined : parseGlob(text);
  return glob && { text, matches: (digest) => glob.matches(digest.slice(digest.indexOf(':') + 1)) };
}

/** A glob has no colons, but the components that it has serve as well for what is between them. */
function parseColonPattern(text: string): PartPattern | undefined {
  const glob = text.includes('/') ? undefined : parseGlob(text.replaceAll(':', '/'));
  return glob && { text, matches: (part) => glob.matches(part.replaceAll(':', '/')) };
}

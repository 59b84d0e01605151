import { parseDigest, type Digest } from './digest.ts';
import { parseTag, type Reference, type Tag } from './reference.ts';
import { parseRepositoryName, type RepositoryName } from './repositoryName.ts';

/** The name of an image as a person writes it; what it leaves out, the one who reads it has to fill in. */
export interface ImageName {
  /** In lower case. `undefined` where the name does not begin with one. */
  readonly host: string | undefined;
  /** As written: `alpine`, for what Docker Hub calls `library/alpine`. */
  readonly path: RepositoryName;
  readonly tag: Tag | undefined;
  readonly digest: Digest | undefined;
}

// Longer than a host, a repository, a tag and a sha512 digest can be together.
const maximumLength = 1024;

// distribution/reference, `domain`: a name, an address of IPv4 or one of IPv6 in brackets, and a port.
const label = '[a-z0-9](?:[a-z0-9-]*[a-z0-9])?';
const hostPattern = new RegExp(`^(?:${label}(?:\\.${label})*|\\[[0-9a-f:.]+\\])(?::\\d{1,5})?$`);

/**
 * Reads the name of an image by the grammar of distribution/reference, as `docker pull` does:
 * `[HOST/]PATH[:TAG][@DIGEST]`. `undefined` when it is none.
 */
export function parseImageName(text: string): ImageName | undefined {
  if (text.length > maximumLength) return undefined;
  const parts = splitImageText(text);
  const path = parseRepositoryName(parts.path);
  const host = parts.host?.toLowerCase();
  const tag = parts.tag === undefined ? undefined : parseTag(parts.tag);
  const digest = parts.digest === undefined ? undefined : parseDigest(parts.digest);
  if (path === undefined || (host !== undefined && !isHost(host))) return undefined;
  if (tag === undefined && parts.tag !== undefined) return undefined;
  if (digest === undefined && parts.digest !== undefined) return undefined;
  return { host, path, tag, digest };
}

/** The name as it is written. */
export function imageNameText({ host, path, tag, digest }: ImageName): string {
  const whole = host === undefined ? path : `${host}/${path}`;
  return `${whole}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** What the name asks for, as Docker reads it: the digest if there is one, else the tag, else `latest`. */
export function wantedReference({ tag, digest }: ImageName): Reference {
  return digest === undefined
    ? { kind: 'tag', tag: tag ?? ('latest' as Tag) }
    : { kind: 'digest', digest };
}

/** Whether a text in lower case is the name of a host, with or without a port. */
export function isHost(text: string): boolean {
  return hostPattern.test(text);
}

/** The parts of an image's name, or of a pattern for names; nothing is said of what they consist of. */
export interface ImageText {
  readonly host: string | undefined;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/**
 * Takes the name of an image, or a pattern, apart. As in distribution/reference, a first component is a
 * host only if it has a dot or a colon or is `localhost`, and if something follows it.
 */
export function splitImageText(text: string): ImageText {
  const [named, digest] = cut(text, text.indexOf('@'));
  const slash = named.indexOf('/');
  const first = named.slice(0, Math.max(slash, 0));
  const hasHost = /[.:]/.test(first) || first === 'localhost';
  const rest = hasHost ? named.slice(slash + 1) : named;
  const colon = rest.lastIndexOf(':');
  const [path, tag] = cut(rest, colon > rest.lastIndexOf('/') ? colon : -1);
  return { host: hasHost ? first : undefined, path, tag, digest };
}

/** What is before and after the character at a place; all of it, and nothing, where there is no such place. */
function cut(text: string, place: number): [string, string | undefined] {
  return place === -1 ? [text, undefined] : [text.slice(0, place), text.slice(place + 1)];
}

import type { IncomingHttpHeaders } from 'node:http';
import type { Digest } from '../registry/digest.ts';

/** The entity tag of content: its digest, in the quotes that RFC 9110 §8.8.3 demands. */
export function entityTag(digest: Digest): string {
  return `"${digest}"`;
}

/**
 * Whether an `If-None-Match` field (RFC 9110 §13.1.2) names this content, so that 304 is the answer.
 * Weak tags count as their strong twins. A bare digest is taken too: Docker's own client sends one.
 */
export function matchesEntityTag(header: string | undefined, digest: Digest): boolean {
  if (header === undefined) return false;
  return header.split(',').some((entry) => {
    const tag = entry.trim().replace(/^W\//, '');
    return tag === '*' || tag === digest || tag === entityTag(digest);
  });
}

/** Whether a `Range` is to be honoured: without `If-Range`, or when that names this very content. */
export function allowsRange(headers: IncomingHttpHeaders, digest: Digest): boolean {
  // Node joins repeated fields, so a list here is a client that sends nonsense.
  const condition = headers['if-range'];
  return condition === undefined || condition === entityTag(digest);
}

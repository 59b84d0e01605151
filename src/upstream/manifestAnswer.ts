import { digestOf, parseDigest } from '../registry/digest.ts';
import { bareMediaType, mediaTypes } from '../registry/mediaType.ts';
import { contentLength, headerText, type ResponseHeaders } from './headers.ts';
import type { ManifestBody, ManifestHead } from './upstream.ts';

/** The media type of an answer, bare; `application/octet-stream` where it says none (RFC 9110 §8.3). */
export function mediaTypeOf(headers: ResponseHeaders): string {
  return bareMediaType(headerText(headers, 'content-type') ?? '') || mediaTypes.octetStream;
}

/**
 * What the headers of a manifest say. A digest that the mirror could not verify counts as missing, and
 * so does a size of 0, which some gateways give to every HEAD.
 */
export function readManifestHead(headers: ResponseHeaders): ManifestHead {
  const digest = parseDigest(headerText(headers, 'docker-content-digest') ?? '');
  const size = contentLength(headers);
  return {
    mediaType: mediaTypeOf(headers),
    ...(digest === undefined ? {} : { digest }),
    ...(size ? { size } : {}),
  };
}

/** What a HEAD would have said of a manifest. */
export function manifestHeadOf({ mediaType, bytes }: ManifestBody): ManifestHead {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

import { parseJsonObject } from '../registry/jsonObject.ts';
import { nextLink } from '../registry/link.ts';
import { mediaTypes } from '../registry/mediaType.ts';
import type { Call } from './call.ts';
import { headerText, type ResponseHeaders } from './headers.ts';
import { mediaTypeOf } from './manifestAnswer.ts';
import type { Incoming } from './exchange.ts';
import type { ReferrersPage, TagPage } from './upstream.ts';
import type { UpstreamContext } from './upstreamContext.ts';
import { UpstreamError } from './upstreamError.ts';

/** The page of tags that an answer holds. Go writes an empty list as `null`, and Nexus has nulls for entries. */
export function readTags(
  bytes: Uint8Array,
  { headers, status }: Incoming,
  { subject, url }: Call,
  { host }: UpstreamContext,
): TagPage {
  const list = parseJsonObject(bytes);
  const tags = list === undefined ? undefined : (list['tags'] ?? []);
  if (!Array.isArray(tags)) {
    throw new UpstreamError(host, 'server_error', `${subject}: not a list of tags`, { status });
  }
  return { tags: tags.filter((tag) => typeof tag === 'string'), ...nextPage(headers, url) };
}

/** The page of referrers that an answer holds. */
export function readReferrers(bytes: Buffer, { headers }: Incoming, { url }: Call): ReferrersPage {
  const filtersApplied = headerText(headers, 'oci-filters-applied');
  return {
    bytes,
    ...(filtersApplied === undefined ? {} : { filtersApplied }),
    ...nextPage(headers, url),
  };
}

/**
 * Whether a registry without a referrers API answered, 404 aside: it knows no such method, or sends
 * something in another media type than the one that the distribution-spec prescribes.
 */
export function lacksReferrers({ status, headers }: Incoming): boolean {
  if (status === 405 || status === 501) return true;
  return status === 200 && mediaTypeOf(headers) !== mediaTypes.ociIndex;
}

/**
 * The query of the next page's address (RFC 8288, `rel="next"`), without `?`. The rest of that address
 * is dropped: the next page is asked of the same upstream, wherever the link points.
 */
function nextPage(headers: ResponseHeaders, page: URL): { next?: string } {
  const target = nextLink(headers['link']);
  const query = target === undefined ? undefined : URL.parse(target, page)?.search.slice(1);
  return query ? { next: query } : {};
}

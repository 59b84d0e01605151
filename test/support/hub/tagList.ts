import type { Repository } from './content.ts';
import type { HubRequest } from './hubRequest.ts';
import type { HubSettings } from './hubSettings.ts';
import { errorReply, jsonReply, type Reply } from './reply.ts';

/**
 * `tags/list` with `n` and `last` (OCI distribution-spec, "Listing Tags"), or with opaque pages
 * that ignore `last`, as quay.io has them. The `Link` is relative to the registry.
 */
export function listTags(
  repository: Repository,
  request: HubRequest,
  settings: HubSettings,
): Reply {
  const asked = request.query.get('n');
  if (asked !== null && !/^\d+$/.test(asked)) {
    return errorReply(400, 'PAGINATION_NUMBER_INVALID', 'invalid number of results requested');
  }
  const n = Math.min(Number(asked ?? settings.tagPageSize), settings.tagPageSize);
  const after = lastTag(request, settings);
  const remaining = [...repository.tags.keys()].toSorted().filter((tag) => tag > after);
  const tags = remaining.slice(0, n);
  const last = tags.at(-1);
  const hasMore = last !== undefined && remaining.length > n;
  const headers = hasMore ? { link: `<${nextPage(request, settings, n, last)}>; rel="next"` } : {};
  return jsonReply(200, { name: repository.name, tags }, headers);
}

function lastTag({ query }: HubRequest, { tagPaging }: HubSettings): string {
  if (tagPaging === 'last') return query.get('last') ?? '';
  return Buffer.from(query.get('next_page') ?? '', 'base64url').toString();
}

function nextPage(request: HubRequest, settings: HubSettings, n: number, last: string): string {
  const query = new URLSearchParams({
    n: String(n),
    ...(settings.tagPaging === 'last'
      ? { last }
      : { next_page: Buffer.from(last).toString('base64url') }),
  });
  return `${request.path}?${query.toString()}`;
}

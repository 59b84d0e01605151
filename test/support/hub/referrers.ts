import { parseDigest } from '../../../src/registry/digest.ts';
import { mediaTypes } from '../../../src/registry/mediaType.ts';
import { referrersOf, type Repository } from './content.ts';
import type { HubRequest } from './hubRequest.ts';
import type { HubSettings } from './hubSettings.ts';
import { bytesReply, errorReply, jsonReply, type Reply } from './reply.ts';

/**
 * `referrers/<digest>` (OCI distribution-spec, "Listing Referrers"): an index, empty where there
 * are none, in pages; 404 only where the registry has no such API.
 */
export function listReferrers(
  repository: Repository,
  request: HubRequest,
  settings: HubSettings,
): Reply {
  if (!settings.referrersApi) {
    return bytesReply(404, { 'content-type': 'text/plain' }, '404 page not found\n');
  }
  const subject = request.reference ?? '';
  if (parseDigest(subject) === undefined) {
    return errorReply(400, 'DIGEST_INVALID', 'invalid digest');
  }
  const type = request.query.get('artifactType');
  const all = referrersOf(repository, subject).filter(
    ({ artifactType }) => type === null || artifactType === type,
  );
  const start = Number(request.query.get('from') ?? 0);
  const end = start + settings.referrersPageSize;
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: all.slice(start, end),
  };
  return jsonReply(200, index, {
    'content-type': mediaTypes.ociIndex,
    ...(type === null ? {} : { 'oci-filters-applied': 'artifactType' }),
    ...(end < all.length ? { link: `<${nextPage(request, end)}>; rel="next"` } : {}),
  });
}

function nextPage(request: HubRequest, from: number): string {
  const query = new URLSearchParams(request.query);
  query.set('from', String(from));
  return `${request.path}?${query.toString()}`;
}

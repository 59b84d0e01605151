import { bareMediaType, isIndex } from '../../../src/registry/mediaType.ts';
import type { ManifestContent } from '../images.ts';
import { findManifest, indexedDescriptors, type Repository } from './content.ts';
import type { HubRequest } from './hubRequest.ts';
import type { Puller, PullLimits } from './pullLimits.ts';
import { bytesReply, errorReply, type Reply } from './reply.ts';

/** A GET or HEAD of a manifest. Docker Hub counts the GETs, and refuses them beyond the limit. */
export function answerManifest(
  repository: Repository,
  request: HubRequest,
  puller: Puller,
  limits: PullLimits,
): Reply {
  const isGet = request.operation === 'manifest_get';
  const refusal = isGet ? limits.refusal(puller) : undefined;
  if (refusal !== undefined) return refusal;
  const reference = request.reference ?? '';
  const named = findManifest(repository, reference);
  const manifest = named === undefined ? undefined : negotiate(repository, named, request);
  if (manifest === undefined) return manifestUnknown(repository, reference);
  if (isGet) limits.count(puller);
  const headers = {
    'content-type': manifest.mediaType,
    'docker-content-digest': manifest.digest,
    etag: `"${manifest.digest}"`,
    ...limits.headers(puller),
  };
  return bytesReply(200, headers, manifest.bytes);
}

/**
 * To a client that does not say it understands the index behind a tag, Docker Hub gives its
 * linux/amd64 manifest, which has another digest. A digest is always answered with what it names.
 */
function negotiate(
  repository: Repository,
  named: ManifestContent,
  request: HubRequest,
): ManifestContent | undefined {
  const isByDigest = request.reference === named.digest;
  if (isByDigest || !isIndex(named.mediaType) || accepts(request, named.mediaType)) return named;
  const chosen = indexedDescriptors(named).find(
    ({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64',
  );
  return chosen === undefined ? undefined : repository.manifests.get(chosen.digest);
}

function accepts(request: HubRequest, mediaType: string): boolean {
  const accepted = request.headers.accept ?? '';
  return accepted.split(',').some((one) => bareMediaType(one) === mediaType);
}

function manifestUnknown(repository: Repository, reference: string): Reply {
  return errorReply(404, 'MANIFEST_UNKNOWN', 'manifest unknown', {
    detail: { Name: repository.name, Reference: reference },
  });
}

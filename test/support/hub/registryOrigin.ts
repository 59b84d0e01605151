import { parseDigest } from '../../../src/registry/digest.ts';
import type { Repository } from './content.ts';
import type { FaultBoard } from './faults.ts';
import { cdnPathOf, type HubRequest } from './hubRequest.ts';
import type { HubSettings } from './hubSettings.ts';
import { answerManifest } from './manifests.ts';
import type { Puller, PullLimits } from './pullLimits.ts';
import { listReferrers } from './referrers.ts';
import type { RegistryAccess } from './registryAccess.ts';
import {
  bytesReply,
  errorReply,
  jsonReply,
  withHeaders,
  type RawReply,
  type Reply,
} from './reply.ts';
import { serveBlob } from './serveBlob.ts';
import type { AddressSigner } from './signedAddress.ts';
import { listTags } from './tagList.ts';

/** What the registry is made of. */
export interface RegistryParts {
  readonly settings: HubSettings;
  readonly access: RegistryAccess;
  readonly limits: PullLimits;
  readonly signer: AddressSigner;
  readonly faults: FaultBoard;
  readonly cdnUrl: string;
}

/** The registry API: who may read is decided first, what they get after that. */
export function registryOrigin(
  parts: RegistryParts,
): (request: HubRequest) => Promise<Reply | RawReply> {
  return async (request) => {
    const admission = parts.access.admit(request);
    const puller =
      'puller' in admission ? admission.puller : { account: undefined, source: request.source };
    const reply =
      'refusal' in admission
        ? admission.refusal
        : await answer(parts, request, admission.repository, puller);
    if ('raw' in reply) return reply;
    return withHeaders(reply, {
      'docker-distribution-api-version': 'registry/2.0',
      ...parts.limits.sourceHeader(puller),
    });
  };
}

async function answer(
  parts: RegistryParts,
  request: HubRequest,
  repository: Repository | undefined,
  puller: Puller,
): Promise<Reply | RawReply> {
  if (request.operation === 'ping') return jsonReply(200, {});
  if (repository === undefined) return noRoute(request);
  switch (request.operation) {
    case 'manifest_head':
    case 'manifest_get':
      return answerManifest(repository, request, puller, parts.limits);
    case 'blob_head':
    case 'blob_get':
      return answerBlob(parts, repository, request);
    case 'tags':
      return listTags(repository, request, parts.settings);
    case 'referrers':
      return listReferrers(repository, request, parts.settings);
    default:
      return noRoute(request);
  }
}

function answerBlob(
  parts: RegistryParts,
  repository: Repository,
  request: HubRequest,
): Promise<Reply | RawReply> | Reply | RawReply {
  const { settings, signer, faults, cdnUrl } = parts;
  const digest = request.reference ?? '';
  if (parseDigest(digest) === undefined) {
    return errorReply(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
  }
  const blob = repository.blobs.get(digest);
  if (blob === undefined) {
    return errorReply(404, 'BLOB_UNKNOWN', 'blob unknown to registry', { detail: digest });
  }
  const named = { 'docker-content-digest': digest };
  const serve = (asked: HubRequest) => withHeaders(serveBlob(blob, asked), named);
  if (request.operation === 'blob_head') return serve(request);
  if (settings.blobs === 'inline') return faults.around('blob_body', request, serve);
  const location = `${cdnUrl}${signer.sign(cdnPathOf(digest), request.time)}`;
  return bytesReply(307, { location, ...named }, '');
}

function noRoute({ method }: HubRequest): Reply {
  if (method === 'GET' || method === 'HEAD') {
    return bytesReply(404, { 'content-type': 'text/plain' }, '404 page not found\n');
  }
  return errorReply(405, 'UNSUPPORTED', 'The operation is unsupported.');
}

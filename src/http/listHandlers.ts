import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { formatNextLink } from '../registry/link.ts';
import { mediaTypes } from '../registry/mediaType.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { MirroredRepository } from '../mirror/mirroredUpstream.ts';
import type { CacheOutcome } from '../mirror/mirrorObserver.ts';
import type { RequestTarget } from './requestTarget.ts';
import { sendBytes } from './sendBytes.ts';

/** Answers a GET or HEAD on a list of tags. */
export async function answerTags(
  mirror: Mirror,
  repository: MirroredRepository,
  target: RequestTarget,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const n = target.query.get('n');
  if (n !== null && !/^\d{1,9}$/.test(n)) throw new RegistryError('PAGINATION_NUMBER_INVALID');
  const none = n !== null && Number(n) === 0;
  // OCI distribution-spec: n=0 is an empty list. The upstream still has to know the repository.
  const query = none ? 'n=1' : target.query.toString();
  const { page, outcome } = await mirror.tagLists.get(repository, query);
  if (!none) linkNext(reply, target, page.next);
  const body = { name: repository.name, tags: none ? [] : page.tags };
  return sendList(request, reply, outcome, 'application/json', Buffer.from(JSON.stringify(body)));
}

/** Answers a GET or HEAD on what refers to a digest. */
export async function answerReferrers(
  mirror: Mirror,
  repository: MirroredRepository,
  digest: Digest,
  target: RequestTarget,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = target.query.toString();
  const { page, outcome } = await mirror.referrers.get(repository, digest, query);
  linkNext(reply, target, page.next);
  if (page.filtersApplied !== undefined) reply.header('oci-filters-applied', page.filtersApplied);
  return sendList(request, reply, outcome, mediaTypes.ociIndex, page.bytes);
}

/** A relative link, with the client's own path: crane refuses one that leads to another host. */
function linkNext(reply: FastifyReply, target: RequestTarget, next: string | undefined): void {
  if (next === undefined) return;
  const ns = target.ns === undefined ? '' : `&ns=${encodeURIComponent(target.ns)}`;
  reply.header('link', formatNextLink(`${target.path}?${next}${ns}`));
}

function sendList(
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: CacheOutcome,
  mediaType: string,
  body: Buffer,
): FastifyReply {
  request.trace.outcome = outcome;
  reply.header('content-type', mediaType).header('x-cache', outcome);
  if (request.trace.isRestricted) reply.header('cache-control', 'private');
  return sendBytes(reply, body);
}

import type { ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contentRange, selectRange, unsatisfiedRange } from '../registry/byteRange.ts';
import type { Digest } from '../registry/digest.ts';
import { RegistryError } from '../registry/errors.ts';
import { mediaTypes } from '../registry/mediaType.ts';
import type { Reference } from '../registry/reference.ts';
import { formatWarning } from '../registry/warning.ts';
import type { Mirror } from '../mirror/mirror.ts';
import type { MirroredRepository } from '../mirror/mirroredUpstream.ts';
import type { BlobAnswer } from '../mirror/blobs.ts';
import type { CacheOutcome } from '../mirror/mirrorObserver.ts';
import type { ManifestAnswer, ManifestDescription } from '../mirror/manifestAnswer.ts';
import { MemorySource, type BlobSource } from '../store/blobSource.ts';
import type { BodyReads } from './bodyReads.ts';
import { writeBody, type BodyPart } from './bodyWriter.ts';
import type { GatheredAnswers } from './gatheredAnswers.ts';
import { handOver, type HandOver } from './handOver.ts';
import { allowsRange, entityTag, matchesEntityTag } from './conditional.ts';
import type { ClientPlace } from '../access/clientPlaces.ts';
import type { ClientTurns } from './clientTurns.ts';
import type { RequestTrace } from './requestTrace.ts';

// What a digest names never changes. Of what is not for everybody, caches between here and the client must keep
// nothing, which `public` would let them even of an answer to credentials (RFC 9111, section 3.5).
const immutable = 'public, max-age=31536000, immutable';
const restricted = 'private, max-age=31536000, immutable';
// What a tag names may change at any time; whoever stores it has to ask again.
const revalidate = 'no-cache';
const restrictedRevalidate = 'private, no-cache';

const describingHeaders = [
  'accept-ranges',
  'content-length',
  'content-range',
  'docker-content-digest',
  'x-cache',
] as const;

/** What sends bodies, each its own kind. */
export interface BodySenders {
  readonly reads: BodyReads;
  readonly answers: GatheredAnswers;
  readonly handOver: HandOver | undefined;
  /** Has bodies of blobs wait that go beyond what one client may be sent at once. */
  readonly turns: ClientTurns | undefined;
}

/** Answers a GET or HEAD on a manifest. */
export async function answerManifest(
  mirror: Mirror,
  repository: MirroredRepository,
  reference: Reference,
  request: FastifyRequest,
  reply: FastifyReply,
  { answers }: BodySenders,
): Promise<FastifyReply> {
  if (request.method === 'HEAD') {
    const { size, ...description } = await mirror.manifests.describe(repository, reference);
    if (describeManifest(reply, reference, description)) return reply.code(304).send();
    return reply.header('content-length', String(size)).send();
  }
  const answer = await mirror.manifests.get(repository, reference);
  return sendManifest(reference, answer, reply, answers);
}

/** Sends a manifest, or to a HEAD what there is to say of it. */
export function sendManifest(
  reference: Reference,
  answer: ManifestAnswer,
  reply: FastifyReply,
  answers: GatheredAnswers,
): FastifyReply {
  if (describeManifest(reply, reference, answer)) return reply.code(304).send();
  return answers.send(reply, answer.bytes);
}

/** Answers a GET or HEAD on a blob, whether it is held or still comes in. */
export async function answerBlob(
  mirror: Mirror,
  repository: MirroredRepository,
  digest: Digest,
  request: FastifyRequest,
  reply: FastifyReply,
  { reads, answers, handOver: handingOver, turns }: BodySenders,
): Promise<FastifyReply> {
  const answer = await mirror.blobs.get(repository, digest);
  const { source, outcome } = answer;
  if (source instanceof MemorySource) {
    return sendBlob(digest, source.bytes, outcome, request, reply, answers);
  }
  let streaming = false;
  let place: ClientPlace | undefined;
  try {
    if (describeBlob(digest, outcome, request, reply)) return reply.code(304).send();
    const part = selectPart(digest, source.size, request, reply);
    reply.header('content-type', mediaTypes.octetStream);
    if (part.length !== undefined) reply.header('content-length', String(part.length));
    if (request.method === 'HEAD') return reply.send();
    const address = handingOver?.addressOf(reply, answer);
    if (address !== undefined) return handOver(reply, address, part);
    place = await placeFor(reply, turns);
    streamBlob(answer, part, reply, reads, place);
    streaming = true;
    return reply;
  } finally {
    if (!streaming) {
      place?.release();
      await answer.source.close();
    }
  }
}

/** What was set to describe the content does not hold for the error that there is where no place can be had. */
async function placeFor(
  reply: FastifyReply,
  turns: ClientTurns | undefined,
): Promise<ClientPlace | undefined> {
  try {
    return await turns?.stream(reply);
  } catch (error) {
    for (const name of describingHeaders) reply.removeHeader(name);
    throw error;
  }
}

/** Answers with a blob that is in memory, where there is nothing to close. */
export function sendBlob(
  digest: Digest,
  bytes: Buffer,
  outcome: CacheOutcome,
  request: FastifyRequest,
  reply: FastifyReply,
  answers: GatheredAnswers,
): FastifyReply {
  if (describeBlob(digest, outcome, request, reply)) return reply.code(304).send();
  const { start, length = bytes.length } = selectPart(digest, bytes.length, request, reply);
  reply.header('content-type', mediaTypes.octetStream);
  return answers.send(reply, bytes.subarray(start, start + length));
}

/** Sets the headers of a blob and says whether the client has it already. */
function describeBlob(
  digest: Digest,
  outcome: CacheOutcome,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  describeContent(reply, digest, outcome);
  reply.header('cache-control', lastingFor(request)).header('accept-ranges', 'bytes');
  return isUnmodified(request, digest);
}

/** Sets 206 or refuses with 416 as the `Range` demands; without one, or with one to ignore, all of it. */
function selectPart(
  digest: Digest,
  size: number | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): BodyPart {
  const { range } = request.headers;
  const applies = request.method === 'GET' && allowsRange(request.headers, digest);
  // Without a size there is no telling what a range is of; the RFC lets a server ignore it.
  if (!applies || size === undefined) return { start: 0, length: size };
  const selected = selectRange(range, size);
  if (selected.kind === 'unsatisfiable') {
    reply.header('content-range', unsatisfiedRange(size));
    throw new RegistryError('RANGE_INVALID');
  }
  if (selected.kind === 'whole') return { start: 0, length: size };
  const { start, end } = selected;
  reply.code(206).header('content-range', contentRange(start, end, size));
  return { start, length: end - start + 1 };
}

/** Sends the headers at once, containerd waits 30 s for them, and the bytes as they can be read. */
function streamBlob(
  { source }: BlobAnswer,
  part: BodyPart,
  reply: FastifyReply,
  reads: BodyReads,
  place: ClientPlace | undefined,
): void {
  const { trace } = reply.request;
  reply.hijack();
  const response = reply.raw;
  response.writeHead(reply.statusCode, reply.getHeaders() as Record<string, string>);
  response.flushHeaders();
  trace.headSent();
  void streamBody(response, source, part, reads, trace).finally(() => place?.release());
}

async function streamBody(
  response: ServerResponse,
  source: BlobSource,
  part: BodyPart,
  reads: BodyReads,
  trace: RequestTrace,
): Promise<void> {
  try {
    await writeBody(response, source, part, reads, (bytes) => {
      trace.bytesSent += bytes;
    });
  } catch (error) {
    trace.error = error;
  } finally {
    await closeSource(source, trace);
  }
}

/** A disk that fails may say so only when a file is closed, and nobody waits for this. */
async function closeSource(source: BlobSource, trace: RequestTrace): Promise<void> {
  try {
    await source.close();
  } catch (error) {
    trace.error ??= error;
  }
}

/** Sets the headers of a manifest and says whether the client has it already. */
function describeManifest(
  reply: FastifyReply,
  reference: Reference,
  { digest, mediaType, outcome, warning }: Omit<ManifestDescription, 'size'>,
): boolean {
  describeContent(reply, digest, outcome);
  const isLasting = reference.kind === 'digest';
  reply.header(
    'cache-control',
    isLasting ? lastingFor(reply.request) : revalidateFor(reply.request),
  );
  if (warning !== undefined) reply.header('warning', formatWarning(warning));
  if (isUnmodified(reply.request, digest)) return true;
  reply.header('content-type', mediaType);
  return false;
}

function lastingFor({ trace }: FastifyRequest): string {
  return trace.isRestricted ? restricted : immutable;
}

function revalidateFor({ trace }: FastifyRequest): string {
  return trace.isRestricted ? restrictedRevalidate : revalidate;
}

function describeContent(reply: FastifyReply, digest: Digest, outcome: CacheOutcome): void {
  reply.request.trace.outcome = outcome;
  reply
    .header('docker-content-digest', digest)
    .header('etag', entityTag(digest))
    .header('x-cache', outcome);
}

function isUnmodified(request: FastifyRequest, digest: Digest): boolean {
  return matchesEntityTag(request.headers['if-none-match'], digest);
}

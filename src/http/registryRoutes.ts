import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RegistryError } from '../registry/errors.ts';
import type { Mirror } from '../mirror/mirror.ts';
import { BodyReads } from './bodyReads.ts';
import {
  answerBlob,
  answerManifest,
  sendBlob,
  sendManifest,
  type BodySenders,
} from './contentHandlers.ts';
import { sendError } from './errorAnswer.ts';
import { GatheredAnswers } from './gatheredAnswers.ts';
import type { HandOver } from './handOver.ts';
import { KnownRequests, type KnownRequest } from './knownRequests.ts';
import { answerReferrers, answerTags } from './listHandlers.ts';
import { parseRegistryPath, type RegistryPath } from './registryPath.ts';
import type { MirroredRepository } from '../mirror/mirroredUpstream.ts';
import { findRepository } from '../mirror/repositoryLookup.ts';
import { readTarget, type RequestTarget } from './requestTarget.ts';
import { sendBytes } from './sendBytes.ts';

const emptyObject = Buffer.from('{}');
const pushMethods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Adds all of `/v2/` to a server: the pull side, and a refusal of the push side. */
export function addRoutes(app: FastifyInstance, mirror: Mirror, handOver?: HandOver): void {
  const reads = new BodyReads();
  const answers = new GatheredAnswers();
  const known = new KnownRequests();
  const supplies = { mirror, known, reads, answers, handOver };
  for (const url of ['/v2', '/v2/*']) {
    app.route({
      method: ['GET', 'HEAD'],
      url,
      handler: (request, reply) => {
        const asked = known.get(request.raw.url ?? '');
        if (asked !== undefined && answerFromMemory(supplies, asked, request, reply)) {
          return undefined;
        }
        return answer(supplies, request, reply);
      },
    });
    app.route({
      method: [...pushMethods],
      url,
      handler: (_request, reply) => sendError(reply, new RegistryError('UNSUPPORTED')),
    });
  }
}

/** What answers are made of. */
interface Supplies extends BodySenders {
  readonly mirror: Mirror;
  readonly known: KnownRequests;
}

/**
 * Answers a hit of which all is in memory, without the promises and look-ups of {@link answer}, and says whether
 * it did.
 */
function answerFromMemory(
  { mirror, answers }: Supplies,
  { path, found, ns }: KnownRequest,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  const repository = mirror.visibility.recall(found);
  if (repository === undefined) return false;
  if (path.kind === 'manifest') {
    const manifest = mirror.manifests.recall(repository, path.reference);
    if (manifest === undefined) return false;
    describeRequest(path, found, ns, request, reply);
    sendManifest(path.reference, manifest, reply, answers);
    return true;
  }
  const bytes = mirror.blobs.recall(repository, path.digest);
  if (bytes === undefined) return false;
  describeRequest(path, found, ns, request, reply);
  sendBlob(path.digest, bytes, 'hit', request, reply, answers);
  return true;
}

/** Notes what is asked for, and where; it is said of a failure too. */
function describeRequest(
  { kind }: Exclude<RegistryPath, { kind: 'base' }>,
  { host }: MirroredRepository,
  ns: string | undefined,
  { trace }: FastifyRequest,
  reply: FastifyReply,
): void {
  trace.route = kind;
  trace.kind = kind;
  trace.upstream = host;
  if (ns !== undefined) reply.header('oci-namespace', ns);
}

async function answer(
  supplies: Supplies,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const target = readTarget(request.raw.url ?? '');
  const path = parseRegistryPath(target.path);
  request.trace.route = path.kind;
  if (path.kind === 'base') return answerBase(reply);
  return answerContent(supplies, path, target, request, reply);
}

/** `GET /v2/`: open to all, so no challenge, which dockerd would meet with Docker Hub credentials. */
function answerBase(reply: FastifyReply): FastifyReply {
  reply.header('content-type', 'application/json');
  return sendBytes(reply, emptyObject);
}

async function answerContent(
  supplies: Supplies,
  path: Exclude<RegistryPath, { kind: 'base' }>,
  target: RequestTarget,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { mirror, known } = supplies;
  request.trace.kind = path.kind;
  const found = findRepository(mirror.upstreams, path.name, target.ns);
  describeRequest(path, found, target.ns, request, reply);
  if (path.kind === 'manifest' || path.kind === 'blob') {
    known.set(request.raw.url ?? '', { path, found, ns: target.ns });
  }
  const repository = await mirror.visibility.require(found);
  switch (path.kind) {
    case 'manifest':
      return answerManifest(mirror, repository, path.reference, request, reply, supplies);
    case 'blob':
      return answerBlob(mirror, repository, path.digest, request, reply, supplies);
    case 'tags':
      return answerTags(mirror, repository, target, request, reply);
    case 'referrers':
      return answerReferrers(mirror, repository, path.digest, target, request, reply);
  }
}

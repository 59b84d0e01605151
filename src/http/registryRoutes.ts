import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { RegistryError } from '../registry/errors.ts';
import type { Mirror } from '../mirror/mirror.ts';
import { BufferPool } from './bufferPool.ts';
import { answerBlob, answerManifest } from './contentHandlers.ts';
import { sendError } from './errorAnswer.ts';
import type { HandOver } from './handOver.ts';
import { answerReferrers, answerTags } from './listHandlers.ts';
import { parseRegistryPath, type RegistryPath } from './registryPath.ts';
import { findRepository } from '../mirror/repositoryLookup.ts';
import { readTarget, type RequestTarget } from './requestTarget.ts';
import { sendBytes } from './sendBytes.ts';

const pieceSize = 256 * 1024;
const idlePieces = 64;

const emptyObject = Buffer.from('{}');
const pushMethods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Adds all of `/v2/` to a server: the pull side, and a refusal of the push side. */
export function addRoutes(app: FastifyInstance, mirror: Mirror, handOver?: HandOver): void {
  const pool = new BufferPool(pieceSize, idlePieces);
  for (const url of ['/v2', '/v2/*']) {
    app.route({
      method: ['GET', 'HEAD'],
      url,
      handler: (request, reply) => answer({ mirror, pool, handOver }, request, reply),
    });
    app.route({
      method: [...pushMethods],
      url,
      handler: (_request, reply) => sendError(reply, new RegistryError('UNSUPPORTED')),
    });
  }
}

/** What answers are made of. */
interface Supplies {
  readonly mirror: Mirror;
  readonly pool: BufferPool;
  readonly handOver: HandOver | undefined;
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
  { mirror, pool, handOver }: Supplies,
  path: Exclude<RegistryPath, { kind: 'base' }>,
  target: RequestTarget,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  request.trace.kind = path.kind;
  const found = findRepository(mirror.upstreams, path.name, target.ns);
  request.trace.upstream = found.host;
  if (target.ns !== undefined) reply.header('oci-namespace', target.ns);
  const repository = await mirror.visibility.require(found);
  switch (path.kind) {
    case 'manifest':
      return answerManifest(mirror, repository, path.reference, request, reply);
    case 'blob':
      return answerBlob(mirror, repository, path.digest, request, reply, pool, handOver);
    case 'tags':
      return answerTags(mirror, repository, target, request, reply);
    case 'referrers':
      return answerReferrers(mirror, repository, path.digest, target, request, reply);
  }
}

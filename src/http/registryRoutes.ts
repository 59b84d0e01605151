import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../access/admission.ts';
import { RegistryError } from '../registry/errors.ts';
import type { Mirror } from '../mirror/mirror.ts';
import { BodyReads } from './bodyReads.ts';
import type { ClientTurns } from './clientTurns.ts';
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
import { RequestClient } from './requestClient.ts';
import { readTarget, type RequestTarget } from './requestTarget.ts';
import { sendBytes } from './sendBytes.ts';

const emptyObject = Buffer.from('{}');
const pushMethods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Adds all of `/v2/` to a server: the pull side, and a refusal of the push side. */
export function addRoutes(
  app: FastifyInstance,
  served: ServedContent,
  handOver?: HandOver,
  turns?: ClientTurns,
): void {
  const reads = new BodyReads();
  const answers = new GatheredAnswers();
  const known = new KnownRequests();
  const supplies = { ...served, known, reads, answers, handOver, turns };
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

/** What is served, and to whom. */
export interface ServedContent {
  readonly mirror: Mirror;
  readonly admission: Admission;
  /** Hosts under which `/v2/` asks for a log-in even where none is needed, with their port where it was given. */
  readonly logInHosts: ReadonlySet<string>;
}

/** What answers are made of. */
interface Supplies extends BodySenders, ServedContent {
  readonly known: KnownRequests;
}

/**
 * Answers a hit of which all is in memory, without the promises and look-ups of {@link answer}, and says whether
 * it did.
 */
function answerFromMemory(
  { mirror, admission, answers }: Supplies,
  { path, found, ns }: KnownRequest,
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  const admitted = admission.recall(new RequestClient(request), found);
  if (admitted === undefined) return false;
  const { repository } = admitted;
  if (path.kind === 'manifest') {
    const manifest = mirror.manifests.recall(repository, path.reference);
    if (manifest === undefined) return false;
    describeRequest(path, found, ns, request, reply);
    request.trace.admitted(admitted);
    sendManifest(path.reference, manifest, reply, answers);
    return true;
  }
  const bytes = mirror.blobs.recall(repository, path.digest);
  if (bytes === undefined) return false;
  describeRequest(path, found, ns, request, reply);
  request.trace.admitted(admitted);
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
  const client = new RequestClient(request);
  try {
    return await (path.kind === 'base'
      ? answerBase(supplies, client, request, reply)
      : answerContent(supplies, path, target, client, request, reply));
  } catch (error) {
    request.trace.identity ??= supplies.admission.identityAtHand(client);
    throw error;
  }
}

/**
 * `GET /v2/`: without a challenge, which dockerd would meet with Docker Hub credentials, where everybody may pull.
 * `docker login` and crane look nowhere else for one.
 */
async function answerBase(
  { mirror, admission, logInHosts }: Supplies,
  client: RequestClient,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { trace } = request;
  const upstream = mirror.upstreams.verifying ?? mirror.upstreams.default;
  const asksForLogIn = isAmong(logInHosts, request.headers.host ?? '');
  trace.identity = await admission.requireBase(client, upstream, asksForLogIn);
  reply.header('content-type', 'application/json');
  return sendBytes(reply, emptyObject);
}

/** Whether a `Host` is in the list, which may leave the port open. */
function isAmong(hosts: ReadonlySet<string>, host: string): boolean {
  const name = host.toLowerCase();
  return hosts.has(name) || hosts.has(name.replace(/:\d*$/, ''));
}

async function answerContent(
  supplies: Supplies,
  path: Exclude<RegistryPath, { kind: 'base' }>,
  target: RequestTarget,
  client: RequestClient,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { mirror, admission, known } = supplies;
  const { trace } = request;
  trace.kind = path.kind;
  const found = findRepository(mirror.upstreams, path.name, target.ns);
  describeRequest(path, found, target.ns, request, reply);
  if (path.kind === 'manifest' || path.kind === 'blob') {
    known.set(request.raw.url ?? '', { path, found, ns: target.ns });
  }
  let admitted = await admission.require(client, found);
  for (;;) {
    trace.admitted(admitted);
    try {
      return await answerAdmitted(supplies, admitted.repository, path, target, request, reply);
    } catch (error) {
      const byLogIn = await admission.readmit(client, found, admitted, error);
      if (byLogIn === undefined) {
        throw admission.asToldTo(client, admitted.identity, found.name, error);
      }
      admitted = byLogIn;
    }
  }
}

async function answerAdmitted(
  supplies: Supplies,
  repository: MirroredRepository,
  path: Exclude<RegistryPath, { kind: 'base' }>,
  target: RequestTarget,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { mirror } = supplies;
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

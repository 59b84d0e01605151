import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Upkeep } from '../upkeep/upkeep.ts';
import { UpkeepError } from '../upkeep/upkeepError.ts';
import { authorize } from './apiAuthorization.ts';
import { answerTo, isFault } from './apiError.ts';
import { questions, readQuestion } from './apiQuestions.ts';
import { ApiReplies } from './apiReplies.ts';
import type { ApiToken } from './apiToken.ts';
import type { BodyDeadlines } from './bodyDeadlines.ts';

/** Which store a mirror has. */
export interface StoreMark {
  readonly version: string;
  /** The absolute path that the mirror has it under. */
  readonly directory: string;
  /** The same for whoever sees the same directory, whatever path it has for them. */
  readonly identity: string;
}

/** What the API works on. */
export interface ApiOptions {
  readonly upkeep: Upkeep;
  readonly store: StoreMark;
  /** What a caller has to show; `undefined`: to be on the same machine. */
  readonly token: ApiToken | undefined;
  readonly logger?: Logger | undefined;
  /** Milliseconds after which a stream of events without any shows a sign of life; 10 s by default. */
  readonly beat?: number;
  /** Milliseconds that a read waits for its turn; 10 s by default. */
  readonly readPatience?: number;
  /** Milliseconds in which a caller of a read has to take something of it; 30 s by default. */
  readonly readStall?: number;
}

// Names of images, as many as a question may have.
const bodyLimit = 1024 * 1024;

/**
 * The routes of `/api/v1/`, for a scope that has this prefix. All of them are for those who may: the names and
 * digests of what is private tell as much as a change may break.
 */
export function apiRoutes(
  app: FastifyInstance,
  options: ApiOptions,
  deadlines: BodyDeadlines,
): void {
  const replies = new ApiReplies(options, deadlines);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit }, readJson);
  app.setErrorHandler((error, _request, reply) => sendError(reply, error, options.logger));
  app.setNotFoundHandler((_request, reply) => {
    sendError(reply, new UpkeepError('not_found', 'the API has no such path or method'));
  });
  // Not only of the routes: whoever may not ask is not told either which there are.
  app.addHook('onRequest', guardOf(options));
  // Taking it in counts as one of its users; a scope ends its work before the server waits for its end.
  app.addHook('preClose', async () => replies.stop());
  // What a caller began and left works on the store until its end.
  app.addHook('onClose', () => replies.idle());
  readingRoutes(app, options, replies);
  changingRoutes(app, options, replies);
  app.register(async (scope) => {
    // Whatever type it is said to be of, it is read as it comes.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _body, done) => done(null));
    scope.post('/import', (request, reply) => {
      const { name } = readQuestion(questions.import, 'query', request.query);
      return replies.taking(request, reply, (body) => options.upkeep.import(body, name));
    });
  });
}

/** What only tells of the cache. */
function readingRoutes(app: FastifyInstance, { upkeep, store }: ApiOptions, to: ApiReplies): void {
  const withoutHead = { exposeHeadRoute: false };
  app.get('/store', withoutHead, (request, reply) => {
    readQuestion(questions.nothing, 'query', request.query);
    // It costs nothing, and is how a command finds out whom it talks to: it never waits.
    return reply.header('cache-control', 'no-store').send(store);
  });
  app.get('/images', withoutHead, (request, reply) => {
    const { pattern } = readQuestion(questions.images, 'query', request.query);
    return to.images(request, reply, upkeep.images(pattern));
  });
  app.get('/image', withoutHead, (request, reply) => {
    const { name } = readQuestion(questions.image, 'query', request.query);
    return to.object(reply, () => upkeep.image(name));
  });
  app.get('/usage', withoutHead, (request, reply) => {
    readQuestion(questions.nothing, 'query', request.query);
    return to.object(reply, () => upkeep.usage());
  });
}

/** What changes the cache, and an export, which takes as long as it is large. */
function changingRoutes(app: FastifyInstance, { upkeep }: ApiOptions, to: ApiReplies): void {
  app.post('/purge', { bodyLimit }, ({ body }, reply) => {
    const { images, dryRun } = readQuestion(questions.purge, 'body', body);
    return to.outcome(reply, () => upkeep.purge(images, dryRun));
  });
  app.post('/gc', { bodyLimit }, ({ body }, reply) => {
    const { dryRun } = readQuestion(questions.gc, 'body', body);
    return to.outcome(reply, () => upkeep.collect(dryRun));
  });
  app.post('/verify', { bodyLimit }, ({ body }, reply) =>
    to.events(reply, upkeep.verify(readQuestion(questions.verify, 'body', body))),
  );
  app.post('/warm', { bodyLimit }, ({ body }, reply) =>
    to.events(reply, upkeep.warm(readQuestion(questions.warm, 'body', body))),
  );
  app.get('/export', { exposeHeadRoute: false }, (request, reply) => {
    const { image, platform } = readQuestion(questions.export, 'query', request.query);
    return to.archive(reply, upkeep.export({ images: image, platforms: platform }));
  });
}

/** Before anything of a body is read. */
function guardOf({ token }: ApiOptions): (request: FastifyRequest) => Promise<void> {
  return async ({ raw }) => {
    const { socket, headers, httpVersion } = raw;
    authorize({ address: socket.remoteAddress, headers, httpVersion }, token);
  };
}

function readJson(
  _request: FastifyRequest,
  body: string | Buffer,
  done: (error: Error | null, value?: unknown) => void,
): void {
  try {
    done(null, JSON.parse(body.toString()));
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it can’t be read';
    done(new UpkeepError('invalid', `the body is no JSON: ${reason}`));
  }
}

function sendError(reply: FastifyReply, error: unknown, logger?: Logger): void {
  const { status, code, message } = answerTo(error);
  if (isFault(error)) logger?.warn({ err: error }, 'a request to the API failed');
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="pullthrough"');
  reply
    .code(status)
    .header('cache-control', 'no-store')
    .type('application/json')
    .send({ error: { code, message } });
}

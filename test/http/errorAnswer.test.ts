import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fastify } from 'fastify';
import {
  RegistryError,
  registryErrors,
  type RegistryErrorCode,
} from '../../src/registry/errors.ts';
import { sendError } from '../../src/http/errorAnswer.ts';
import { RequestTrace } from '../../src/http/requestTrace.ts';
import type { RequestKind } from '../../src/mirror/mirrorObserver.ts';
import { PrivateRepositoryError } from '../../src/mirror/visibility.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { startStage, manifestPath } from './stage.ts';
import { wireClient, type WireAnswer } from './wireAnswer.ts';

/** What a server answers when this is thrown, and what it noted of the request. */
async function thrown(
  t: Lifetime,
  error: unknown,
  method = 'GET',
  kind: RequestKind | 'none' = 'blob',
): Promise<{ answer: WireAnswer; trace: RequestTrace }> {
  const trace = new RequestTrace(() => 0);
  const app = fastify();
  app.all('/', (request, reply) => {
    request.trace = trace;
    if (kind !== 'none') trace.kind = kind;
    reply.header('etag', '"x"').header('cache-control', 'immutable');
    return sendError(reply, error);
  });
  t.after(() => app.close());
  const { port } = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  return { answer: await wireClient(Number(port))(method, '/'), trace };
}

test('every error of the table goes out with its status and in the one shape', async (t) => {
  for (const code of Object.keys(registryErrors) as RegistryErrorCode[]) {
    const { answer, trace } = await thrown(t, new RegistryError(code));
    assertRegistryError(answer, registryErrors[code].status, code);
    assert.equal(answer.headers['cache-control'], 'no-store');
    assert.equal(answer.headers['allow'], code === 'UNSUPPORTED' ? 'GET, HEAD' : undefined);
    assert.equal(trace.bytesSent, answer.body.length);
  }
});

test('what is no registry error is a 500 that says nothing of itself', async (t) => {
  for (const error of [new Error('secret'), 'secret', undefined, { statusCode: 404 }, null]) {
    const { answer, trace } = await thrown(t, error);
    assertRegistryError(answer, 500, 'UNKNOWN');
    assert.ok(!answer.body.includes('secret'));
    assert.equal(trace.error, error);
  }
});

test('a status of the framework counts if it is a client’s fault', async (t) => {
  for (const [statusCode, code] of [
    [400, 'REQUEST_INVALID'],
    [413, 'REQUEST_INVALID'],
    [415, 'REQUEST_INVALID'],
    [500, 'UNKNOWN'],
    [200, 'UNKNOWN'],
    ['x', 'UNKNOWN'],
  ] as const) {
    const { answer } = await thrown(t, Object.assign(new Error('secret'), { statusCode }));
    assertRegistryError(answer, registryErrors[code].status, code);
    assert.ok(!answer.body.includes('secret'));
  }
});

test('an error on a HEAD has its length and no body', async (t) => {
  const get = await thrown(t, new RegistryError('BLOB_UNKNOWN'));
  const head = await thrown(t, new RegistryError('BLOB_UNKNOWN'), 'HEAD');
  assert.equal(head.answer.status, 404);
  assert.equal(head.answer.headers['content-length'], get.answer.headers['content-length']);
  assert.equal(head.answer.body.length, 0);
  assert.equal(head.trace.bytesSent, 0);
});

test('Retry-After is in whole seconds, at least one, rounded up', async (t) => {
  for (const [retryAfter, field] of [
    [0, '1'],
    [0.2, '1'],
    [-5, '1'],
    [30, '30'],
    [30.01, '31'],
    [undefined, undefined],
  ] as const) {
    const options = retryAfter === undefined ? {} : { retryAfter };
    const { answer } = await thrown(t, new RegistryError('TOOMANYREQUESTS', options));
    assert.equal(answer.headers['retry-after'], field);
  }
});

test('a request for content that failed has an outcome, any other has none', async (t) => {
  for (const [error, kind, outcome] of [
    [new RegistryError('BLOB_UNKNOWN'), 'blob', 'negative'],
    [new RegistryError('NAME_UNKNOWN'), 'tags', 'negative'],
    [new PrivateRepositoryError('a', 'it is hidden'), 'manifest', 'denied'],
    [new RegistryError('UNAUTHORIZED'), 'blob', 'denied'],
    [new RegistryError('DENIED'), 'tags', 'denied'],
    [new RegistryError('UNAVAILABLE'), 'manifest', 'error'],
    [new RegistryError('RANGE_INVALID'), 'blob', 'error'],
    [new Error('x'), 'blob', 'error'],
  ] as const) {
    assert.equal((await thrown(t, error, 'GET', kind)).trace.outcome, outcome);
  }
  const other = await thrown(t, new RegistryError('NOT_FOUND'), 'GET', 'none');
  assert.equal(other.trace.outcome, undefined);
});

test('a private repository looks like one that does not exist', async (t) => {
  const { answer } = await thrown(t, new PrivateRepositoryError('acme/secret', 'it is hidden'));
  const { answer: missing } = await thrown(
    t,
    new RegistryError('NAME_UNKNOWN', { detail: { name: 'acme/secret' } }),
  );
  assert.deepEqual({ ...answer.headers, date: '' }, { ...missing.headers, date: '' });
  assert.deepEqual(answer.body, missing.body);
});

test('an upstream that throttles or fails is an error with a time to come back', async (t) => {
  const { hub, ask } = await startStage(t);
  const throttled = hub.fault({ at: ['manifest_head', 'manifest_get'], throttle: 'pull_limit' });
  const limit = await ask('GET', manifestPath('3.20'));
  assertRegistryError(limit, 429, 'TOOMANYREQUESTS');
  assert.match(limit.headers['retry-after'] ?? '', /^[1-9]\d*$/);
  throttled.clear();
  hub.fault({
    at: ['manifest_head', 'manifest_get'],
    status: 503,
    headers: { 'retry-after': '7' },
  });
  for (const method of ['GET', 'HEAD']) {
    const answer = await ask(method, manifestPath('3.20'));
    assert.equal(answer.status, 503);
    assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { manualClock } from '../support/manualClock.ts';
import { paidAccount } from '../support/hub/accounts.ts';
import { account, openTestUpstream, reference, rejection, repository } from './testUpstream.ts';
import { startTinyServer, type TinyHandler } from './tinyServer.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');

/** A registry with a token service at its own origin that grants everything. */
function registry(handle: TinyHandler): TinyHandler {
  return (request, response) => {
    if (request.url?.startsWith('/token') === true) response.end('{"token":"granted"}');
    else handle(request, response);
  };
}

function challenge(parameters: string): TinyHandler {
  return (request, response) => {
    const realm = `http://${request.headers.host}/token`;
    const header = `Bearer realm="${realm}",service="r"${parameters}`;
    response.writeHead(401, { 'www-authenticate': header }).end();
  };
}

test('quay.io, whose 401 to a granted token names no error, means NAME_UNKNOWN', async (t) => {
  const scope = ',scope="repository:library/alpine:pull"';
  const server = await startTinyServer(t, registry(challenge(scope)));
  const { upstream } = openTestUpstream(t, { url: server.url });
  const error = await rejection(upstream.headManifest(alpine, latest));
  assert.ok(error instanceof RegistryError);
  assert.equal(error.code, 'NAME_UNKNOWN');
});

test('one that always answers 401 without a word refuses the credentials', async (t) => {
  const server = await startTinyServer(t, (_request, response) => {
    response.writeHead(401).end();
  });
  const { upstream } = openTestUpstream(t, { url: server.url });
  const error = await rejection(upstream.headManifest(alpine, latest));
  assert.ok(error instanceof UpstreamError);
  assert.equal(error.failure, 'credentials_refused');
});

test('one whose challenge names push and delete is asked to pull alone', async (t) => {
  const greedy = ',scope="repository:library/alpine:pull,push,delete registry:catalog:*"';
  const server = await startTinyServer(
    t,
    registry((request, response) => {
      if (request.headers.authorization === undefined) challenge(greedy)(request, response);
      else response.writeHead(200, { 'content-type': 'x/y' }).end();
    }),
  );
  const accounts = [account(paidAccount)];
  const { upstream } = openTestUpstream(t, { url: server.url, accounts });
  await upstream.headManifest(alpine, latest);
  const asked = server.requests.filter(({ url }) => url?.startsWith('/token'));
  assert.deepEqual(
    asked.map(({ url }) => url),
    ['/token?service=r&scope=repository%3Alibrary%2Falpine%3Apull'],
  );
});

test('public.ecr.aws gets its own scope, for later repositories without a 401', async (t) => {
  const server = await startTinyServer(
    t,
    registry((request, response) => {
      if (request.headers.authorization === undefined) challenge(',scope="aws"')(request, response);
      else response.writeHead(200, { 'content-type': 'x/y' }).end();
    }),
  );
  const { upstream } = openTestUpstream(t, { url: server.url });
  await upstream.headManifest(alpine, latest);
  await upstream.headManifest(repository('library/busybox'), latest);
  const [first, second] = server.requests.filter(({ url }) => url?.startsWith('/token'));
  assert.equal(first?.url, '/token?service=r&scope=repository%3Alibrary%2Falpine%3Apull&scope=aws');
  assert.match(String(second?.url), /busybox%3Apull&scope=aws$/);
  assert.equal(server.requests.length, 5);
});

test('one that knows the repository by another name is asked for that, once it says so', async (t) => {
  const mapped = challenge(',scope="repository:mapped/alpine:pull",error="insufficient_scope"');
  const server = await startTinyServer(
    t,
    registry((request, response) => {
      const isMapped = server.requests.some(({ url }) => url?.includes('mapped') === true);
      if (request.headers.authorization === undefined) challenge('')(request, response);
      else if (isMapped) response.writeHead(200, { 'content-type': 'x/y' }).end();
      else mapped(request, response);
    }),
  );
  const { upstream } = openTestUpstream(t, { url: server.url });
  assert.ok(await upstream.headManifest(alpine, latest));
});

test('one that finds the scope of a held token insufficient is asked with a fresh one', async (t) => {
  const clock = manualClock();
  const denied = challenge(',error="insufficient_scope"');
  let accepted = 'first';
  let granted = 'first';
  const server = await startTinyServer(t, (request, response) => {
    const { authorization } = request.headers;
    if (request.url?.startsWith('/token')) response.end(JSON.stringify({ token: granted }));
    else if (authorization === undefined) challenge('')(request, response);
    else if (authorization !== `Bearer ${accepted}`) denied(request, response);
    else response.writeHead(200, { 'content-type': 'x/y' }).end();
  });
  const { upstream } = openTestUpstream(t, { url: server.url, now: clock });
  assert.ok(await upstream.headManifest(alpine, latest));
  accepted = granted = 'second';
  clock.advance(1000);
  assert.ok(await upstream.headManifest(alpine, latest));
});

test('a 401 from where a redirect led is not answered with credentials', async (t) => {
  const target = await startTinyServer(t, challenge(''));
  const server = await startTinyServer(t, (_request, response) => {
    response.writeHead(307, { location: `${target.url}/x?sig=secret` }).end();
  });
  const accounts = [account(paidAccount)];
  const { upstream } = openTestUpstream(t, { url: server.url, accounts });
  const error = await rejection(upstream.headManifest(alpine, latest));
  assert.ok(error instanceof UpstreamError);
  assert.deepEqual([error.failure, error.status], ['server_error', 401]);
  assert.equal(target.requests.length, 1);
});

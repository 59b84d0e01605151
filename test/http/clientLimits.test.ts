import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ClientLimitsOptions } from '../../src/access/clientLimits.ts';
import { HandOver } from '../../src/http/handOver.ts';
import type { NetworkOptions } from '../../src/http/registryServer.ts';
import { blobBytes } from '../support/blobContent.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { openRawConnection, type RawConnection } from '../support/rawSocket.ts';
import { assertRegistryError } from './assertRegistryError.ts';
import { eventually } from './eventually.ts';
import { serveWith } from './secondServer.ts';
import { blobPath, manifestPath, startStage } from './stage.ts';
import { requestHead, wireClient, type WireAnswer } from './wireAnswer.ts';

const longWait = 20_000;
// More than the kernel takes of an answer that nobody reads.
const largeSize = 20_000_000;

const byAgent: NetworkOptions['clientKey'] = ({ headers }) => String(headers['user-agent']);

async function startLimited(
  t: Lifetime,
  limits: Partial<ClientLimitsOptions>,
  network: NetworkOptions = {},
) {
  const stage = await startStage(t, { largeSize });
  const given = { requestsPerSecond: 0, streams: 0, wait: 0, ...limits };
  const options = {
    network: { trustedProxies: ['127.0.0.1'], limits: given, ...network },
    handOver: new HandOver('/internal-blobs'),
  };
  const server = await serveWith(t, stage, {}, options);
  return { ...stage, ...server, ask: wireClient(server.port) };
}

type Limited = Awaited<ReturnType<typeof startLimited>>;

/** The answers that came for a client at an address. */
async function askFrom({ ask }: Limited, address: string, count: number): Promise<WireAnswer[]> {
  const asked = Array.from({ length: count }, () =>
    ask('GET', '/v2/', { 'x-forwarded-for': address }),
  );
  return Promise.all(asked);
}

function statusesOf(answers: readonly WireAnswer[]): number[] {
  return answers.map(({ status }) => status).toSorted((a, b) => a - b);
}

/** Has the large blob sent to a client that takes nothing of it. */
async function startStream({ port, large }: Limited): Promise<RawConnection> {
  const connection = await openRawConnection(port);
  connection.socket.pause();
  connection.send(requestHead('GET', blobPath(large.digest), { connection: 'close' }));
  await eventually('the stream has begun', () => connection.socket.bytesRead > 0);
  return connection;
}

/** A client whose request waits. */
async function startWaiting(limited: Limited, path: string): Promise<RawConnection> {
  const connected = limited.connections.size;
  const connection = await openRawConnection(limited.port);
  connection.send(requestHead('GET', path, { connection: 'close' }));
  await eventually('it is connected', () => limited.connections.size > connected);
  return connection;
}

describe('requests', () => {
  test('beyond the limit are refused, each client for itself, and told when to come back', async (t) => {
    const limited = await startLimited(t, { requestsPerSecond: 2 });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8::1']) {
      const answers = await askFrom(limited, address, 3);
      assert.deepEqual(statusesOf(answers), [200, 200, 429], address);
      const refused = answers.find(({ status }) => status === 429);
      assert.ok(refused !== undefined);
      assertRegistryError(refused, 429, 'TOOMANYREQUESTS');
      assert.equal(refused.headers['retry-after'], '1');
      assert.match(refused.body.toString(), /2 requests a second \(access\.limits\./);
    }
    const neighbour = await askFrom(limited, '2001:db8::ffff:2', 1);
    assert.deepEqual(statusesOf(neighbour), [429]);
  });

  test('beyond the limit wait for their turn', async (t) => {
    const limited = await startLimited(t, { requestsPerSecond: 2, wait: longWait });
    const answers = await askFrom(limited, '192.0.2.1', 4);
    assert.deepEqual(statusesOf(answers), [200, 200, 200, 200]);
  });

  test('of a client that may not ask at all count for nothing', async (t) => {
    const limited = await startLimited(t, { requestsPerSecond: 1 }, { clients: ['10.0.0.0/8'] });
    assert.deepEqual(statusesOf(await askFrom(limited, '192.0.2.1', 3)), [403, 403, 403]);
  });

  test('are told apart by what the server is given for it', async (t) => {
    const { ask } = await startLimited(t, { requestsPerSecond: 1 }, { clientKey: byAgent });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const statuses: number[] = [];
    for (const agent of ['a', 'b', 'a']) {
      statuses.push((await ask('GET', '/v2/', { 'user-agent': agent })).status);
    }
    assert.deepEqual(statuses, [200, 200, 429]);
  });
});

describe('streams', () => {
  test('beyond the limit are refused, with nothing said of the content', async (t) => {
    const limited = await startLimited(t, { streams: 1 });
    const { ask, large, hold, finished } = limited;
    await hold(large);
    const stream = await startStream(limited);
    for (const headers of [{}, { range: 'bytes=5-9' }] as const) {
      const answer = await ask('GET', blobPath(large.digest), headers);
      assertRegistryError(answer, 429, 'TOOMANYREQUESTS');
      assert.equal(answer.headers['retry-after'], '1');
      for (const name of ['content-range', 'x-cache', 'docker-content-digest', 'accept-ranges']) {
        assert.equal(answer.headers[name], undefined, name);
      }
      assert.equal(finished.at(-1)?.outcome, 'error');
    }
    const other = { 'x-forwarded-for': '192.0.2.1' };
    assert.equal((await ask('GET', blobPath(large.digest), other)).status, 200);
    stream.destroy();
  });

  test('are bodies of large blobs that the mirror sends, and nothing else', async (t) => {
    const limited = await startLimited(t, { streams: 1 });
    const { ask, large, small, hold } = limited;
    await hold(large);
    await hold(small);
    const stream = await startStream(limited);
    const path = blobPath(large.digest);
    for (const [method, target, headers, status] of [
      ['HEAD', path, {}, 200],
      ['GET', path, { 'if-none-match': `"${large.digest}"` }, 304],
      ['GET', path, { range: 'bytes=99999999-' }, 416],
      ['GET', path, { 'x-hand-over': 'nginx' }, 200],
      ['GET', blobPath(small.digest), {}, 200],
      ['GET', manifestPath('3.20'), {}, 200],
      ['GET', '/v2/', {}, 200],
      ['GET', path, {}, 429],
    ] as const) {
      const answer = await ask(method, target, headers);
      assert.equal(answer.status, status, `${method} ${target} ${JSON.stringify(headers)}`);
    }
    stream.destroy();
  });

  test('beyond the limit wait until one ends', async (t) => {
    const limited = await startLimited(t, { streams: 1, wait: longWait });
    const { ask, large, hold, finished } = limited;
    await hold(large);
    const stream = await startStream(limited);
    const second = ask('GET', blobPath(large.digest));
    await eventually('it is connected', () => limited.connections.size === 2);
    assert.equal(finished.length, 0);
    stream.socket.resume();
    await stream.ended;
    const answer = await second;
    assert.equal(answer.status, 200);
    assert.ok(answer.body.equals(blobBytes(large)));
  });

  test('end when their client leaves', async (t) => {
    const limited = await startLimited(t, { streams: 1 });
    const { ask, large, hold, finished } = limited;
    await hold(large);
    const stream = await startStream(limited);
    stream.destroy();
    await eventually('it is over', () => finished.length === 1);
    assert.equal((await ask('GET', blobPath(large.digest))).status, 200);
  });

  test('end when the upstream breaks', async (t) => {
    const limited = await startLimited(t, { streams: 1 });
    const { hub, ask, large, finished } = limited;
    const cut = hub.fault({ at: 'blob_body', cutAfter: 700_000 });
    const answer = await ask('GET', blobPath(large.digest));
    assert.equal(answer.status, 200);
    assert.ok(answer.body.length < large.size);
    cut.release();
    await eventually('it is over', () => finished.length === 1);
    assert.equal((await ask('GET', blobPath(large.digest))).status, 200);
  });

  test('of clients that hang up while they wait give up their turn', async (t) => {
    const limited = await startLimited(t, { streams: 1, wait: longWait });
    const { ask, large, hold, finished } = limited;
    await hold(large);
    const stream = await startStream(limited);
    const waiting = await startWaiting(limited, blobPath(large.digest));
    const last = ask('GET', blobPath(large.digest));
    await eventually('it is connected', () => limited.connections.size === 3);
    waiting.destroy();
    await eventually('it is over', () => finished.length === 1);
    assert.equal(finished[0]?.aborted, true);
    stream.destroy();
    assert.equal((await last).status, 200);
  });
});

test('who leaves while it waits for a stream leaves the fill too', async (t) => {
  const limited = await startLimited(t, { streams: 1, wait: longWait });
  const { hub, large, mirror } = limited;
  const { fills } = mirror.mirror;
  const stalled = hub.fault({ at: 'blob_body', stallAfter: 1000 });
  const stream = await startStream(limited);
  const waiting = await startWaiting(limited, blobPath(large.digest));
  await eventually('both wait for the upstream', () => fills.waiters === 2);
  waiting.destroy();
  await eventually('one has left', () => fills.waiters === 1);
  stream.destroy();
  stalled.release();
});

test('without limits as much is sent at once as is asked for', async (t) => {
  const limited = await startLimited(t, {});
  const { large, hold } = limited;
  await hold(large);
  const streams = [];
  for (let count = 0; count < 4; count += 1) streams.push(await startStream(limited));
  assert.deepEqual(statusesOf(await askFrom(limited, '192.0.2.1', 40)), Array(40).fill(200));
  for (const stream of streams) stream.destroy();
});

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import type { FastifyReply } from 'fastify';
import type { Identity } from '../../src/access/client.ts';
import { clientKeyOf, ClientTurns } from '../../src/http/clientTurns.ts';
import { RequestTrace } from '../../src/http/requestTrace.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { manualClock } from '../support/manualClock.ts';

/** As much of a reply as is looked at. */
function replyTo(clientAddress: string, identity?: Identity): FastifyReply {
  const trace = new RequestTrace(() => 0);
  trace.identity = identity;
  const raw = Object.assign(new EventEmitter(), { destroyed: false });
  return { raw, request: { trace, clientAddress } } as unknown as FastifyReply;
}

const clientKey = clientKeyOf({ identityAtHand: () => undefined });

function isTooMany(error: unknown): boolean {
  return error instanceof RegistryError && error.code === 'TOOMANYREQUESTS';
}

async function turnsTaken(): Promise<void> {
  for (let round = 0; round < 20; round += 1) await Promise.resolve();
}

test('a request waits for its turn and its stream together no longer than it may', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const now = manualClock();
  const limits = { requestsPerSecond: 1, streams: 1, wait: 10_000 };
  const turns = new ClientTurns({ limits, clientKey, monotonicNow: now });
  const pass = (milliseconds: number): void => {
    now.advance(milliseconds);
    t.mock.timers.tick(milliseconds);
  };
  const first = replyTo('192.0.2.1');
  await turns.request(first);
  assert.ok((await turns.stream(first)) !== undefined);
  const second = replyTo('192.0.2.1');
  const turn = turns.request(second);
  pass(1000);
  await turn;
  let refused = false;
  const stream = assert.rejects(turns.stream(second), isTooMany).then(() => (refused = true));
  pass(8999);
  await turnsTaken();
  assert.equal(refused, false);
  pass(1);
  await stream;
});

test('a user is one client wherever it is, and users at one address are several', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const limits = { requestsPerSecond: 0, streams: 1, wait: 0 };
  const turns = new ClientTurns({ limits, clientKey, monotonicNow: () => 0 });
  const [ann, bob] = ['ann', 'bob'].map((name): Identity => ({ name, by: 'password' }));
  const upstreams: Identity = { name: 'ann', by: 'upstream' };
  for (const identity of [ann, bob, upstreams, undefined]) {
    assert.ok((await turns.stream(replyTo('192.0.2.1', identity))) !== undefined);
  }
  const elsewhere = turns.stream(replyTo('192.0.2.2', ann));
  t.mock.timers.tick(1);
  await assert.rejects(elsewhere, isTooMany);
});

test('a user whose password is remembered has requests of its own from the first on', async () => {
  const limits = { requestsPerSecond: 1, streams: 0, wait: 0 };
  const users: Identity[] = ['ann', 'bob'].map((name) => ({ name, by: 'password' }));
  const byTurns = clientKeyOf({ identityAtHand: () => users.shift() });
  const turns = new ClientTurns({ limits, clientKey: byTurns, monotonicNow: () => 0 });
  const replies = ['first', 'second', 'third'].map(() => {
    const reply = replyTo('192.0.2.1');
    return Object.assign(reply, { request: { ...reply.request, headers: {}, raw: {} } });
  });
  for (const reply of replies) await turns.request(reply);
  await assert.rejects(turns.request(replyTo('192.0.2.1')), isTooMany);
});

test('who has left already does not wait', async () => {
  const limits = { requestsPerSecond: 1, streams: 0, wait: 3_600_000 };
  const turns = new ClientTurns({ limits, clientKey, monotonicNow: () => 0 });
  await turns.request(replyTo('192.0.2.1'));
  const reply = replyTo('192.0.2.1');
  Object.assign(reply.raw, { destroyed: true });
  await assert.rejects(turns.request(reply), isTooMany);
});

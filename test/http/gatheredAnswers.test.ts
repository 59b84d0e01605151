import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyReply } from 'fastify';
import { GatheredAnswers } from '../../src/http/gatheredAnswers.ts';
import { RequestTrace } from '../../src/http/requestTrace.ts';

interface Sent {
  readonly reply: FastifyReply;
  readonly bodies: Buffer[];
  isDestroyed: () => boolean;
}

function answer(send?: (body: Buffer) => void): Sent {
  const bodies: Buffer[] = [];
  let destroyed = false;
  const reply = {
    request: { method: 'GET', trace: new RequestTrace(() => 0) },
    raw: { destroy: () => (destroyed = true) },
    send: send ?? ((body: Buffer) => bodies.push(body)),
  } as unknown as FastifyReply;
  return { reply, bodies, isDestroyed: () => destroyed };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('bodies are sent at the end of the turn, in the order of their requests', async () => {
  const answers = new GatheredAnswers();
  const order: string[] = [];
  answers.send(answer(() => order.push('first')).reply, Buffer.from('1'));
  answers.send(answer(() => order.push('second')).reply, Buffer.from('2'));
  assert.deepEqual(order, []);
  await turn();
  assert.deepEqual(order, ['first', 'second']);
});

test('what comes in after the end of a turn is sent at the end of the next', async () => {
  const answers = new GatheredAnswers();
  const [first, second] = [answer(), answer()];
  answers.send(first.reply, Buffer.from('1'));
  await turn();
  answers.send(second.reply, Buffer.from('2'));
  await turn();
  assert.deepEqual([first.bodies.length, second.bodies.length], [1, 1]);
});

test('one that can’t be sent ends its connection and not the others', async () => {
  const answers = new GatheredAnswers();
  const fault = new Error('no such header');
  const broken = answer(() => {
    throw fault;
  });
  const sound = answer();
  answers.send(broken.reply, Buffer.from('1'));
  answers.send(sound.reply, Buffer.from('2'));
  await turn();
  assert.equal(broken.reply.request.trace.error, fault);
  assert.deepEqual([broken.isDestroyed(), sound.isDestroyed()], [true, false]);
  assert.equal(sound.bodies.length, 1);
});

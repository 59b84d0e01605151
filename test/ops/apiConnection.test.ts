import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { ApiConnection } from '../../src/ops/apiConnection.ts';

test('a caller has less time to take a piece than the next one has to come', async () => {
  const socket = new Socket();
  const order: unknown[] = [];
  const source = async function* (): AsyncGenerator<string> {
    for (const piece of ['one', 'two']) {
      order.push(`made in ${socket.timeout}`);
      yield piece;
    }
    order.push(`ended in ${socket.timeout}`);
  };
  const connection = new ApiConnection(socket, 20);
  connection.expectMoves();
  for await (const piece of connection.whileTaken(source())) {
    order.push(`${piece} taken in ${socket.timeout}`);
  }
  order.push(`the rest taken in ${socket.timeout}`);
  socket.destroy();
  assert.deepEqual(order, [
    'made in 300000',
    'one taken in 20',
    'made in 300000',
    'two taken in 20',
    'ended in 300000',
    'the rest taken in 20',
  ]);
});

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { BodyPieces, ConnectionCut, RawReply, Reply } from './reply.ts';

/** Who wants to know how far an answer has gone. */
export interface SendProgress {
  began(status: number): void;
  /** So many more bytes of the body have been taken by the kernel. */
  sent(bytes: number): void;
}

/**
 * Sends an answer and reports what went out. Returns when all of it has been handed over or the
 * connection is gone.
 */
export async function sendReply(
  response: ServerResponse,
  reply: Reply | RawReply,
  progress: SendProgress,
): Promise<void> {
  progress.began(reply.status);
  if ('raw' in reply) {
    response.socket?.end(reply.raw, 'latin1');
    return;
  }
  response.writeHead(reply.status, reply.headers);
  response.flushHeaders();
  if (response.req.method !== 'HEAD') await sendBody(response, reply.body, progress);
  response.end();
}

/** Ends the connection of an answer after what was written to it so far. */
export async function cutConnection(response: ServerResponse, cut: ConnectionCut): Promise<void> {
  const { socket } = response;
  if (socket === null) return;
  await new Promise<void>((resolve) => {
    socket.write('', () => {
      resolve();
    });
  });
  if (cut.by === 'reset') socket.resetAndDestroy();
  else socket.destroySoon();
}

async function sendBody(
  response: ServerResponse,
  body: BodyPieces,
  progress: SendProgress,
): Promise<void> {
  const closed = once(response, 'close');
  for await (const piece of body) {
    if (response.destroyed) return;
    const hasRoom = response.write(piece, (error) => {
      if (!error) progress.sent(piece.length);
    });
    if (!hasRoom) await Promise.race([once(response, 'drain'), closed]);
  }
}

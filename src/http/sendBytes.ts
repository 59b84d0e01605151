import type { FastifyReply } from 'fastify';

/** Sends a body that is in memory. Its type must be set: what is sent is a buffer, never re-encoded. */
export function sendBytes(reply: FastifyReply, bytes: Buffer): FastifyReply {
  if (reply.request.method === 'HEAD') {
    return reply.header('content-length', String(bytes.length)).send();
  }
  reply.request.trace.bytesSent = bytes.length;
  return reply.send(bytes);
}

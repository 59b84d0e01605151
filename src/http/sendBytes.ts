import type { FastifyReply } from 'fastify';

/** Sends a body that is in memory. Its type must be set: what is sent is a buffer, never re-encoded. */
export function sendBytes(reply: FastifyReply, bytes: Buffer): FastifyReply {
  reply.request.trace.bytesSent = bytes.length;
  return reply.send(bytes);
}

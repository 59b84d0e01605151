import { connect, type OnReadOpts, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { AnswerReader } from './answerReader.ts';
import type { Discarded, DiscardOrder } from './discardOrder.ts';

// A quarter of a MiB stays in the cache of a core. Beside nginx on two cores (2026-11, Node 26) the client then
// takes 0.22 CPU-s/GB over one connection and 0.24 over eight, curl 0.23 and 0.34; with 64 KiB 0.23 and 0.42,
// with 1 MiB 0.22 and 0.23 at 5 % less throughput. Over TLS it takes 0.55, curl 0.82: Node hands decrypted
// bytes over in the one buffer too, and deciphering is what is left.
const bufferBytes = 256 * 1024;

interface Clock {
  readonly begun: number;
  readonly deadline: number;
}

interface OneDiscarded {
  readonly bytes: number;
  readonly firstByteSeconds: number;
  readonly doneSeconds: number;
}

/** Does in this process what {@link discard} does in one of its own. */
export async function discardAll(order: DiscardOrder): Promise<Discarded> {
  // All connections share it: nobody reads what is in it.
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  const before = process.cpuUsage();
  const begun = performance.now();
  const deadline = 'seconds' in order.until ? begun + order.until.seconds * 1000 : Infinity;
  const clock = { begun, deadline };
  const connections = await Promise.all(
    Array.from({ length: order.connections }, () => discardOne(order, buffer, clock)),
  );
  const seconds = (performance.now() - begun) / 1000;
  const { user, system } = process.cpuUsage(before);
  return {
    seconds,
    bytes: connections.reduce((sum, { bytes }) => sum + bytes, 0),
    firstByteSeconds: connections.map((connection) => connection.firstByteSeconds),
    doneSeconds: connections.map((connection) => connection.doneSeconds),
    clientCpuSeconds: (user + system) / 1e6,
  };
}

function discardOne(
  { url, bytes, until }: DiscardOrder,
  buffer: Buffer,
  { begun, deadline }: Clock,
): Promise<OneDiscarded> {
  const { promise, resolve, reject } = Promise.withResolvers<OneDiscarded>();
  const target = new URL(url);
  const request = Buffer.from(`GET ${target.pathname} HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`);
  const times = 'times' in until ? until.times : Infinity;
  const reader = new AnswerReader(bytes);
  let asked = 1;
  let firstByteSeconds = Number.NaN;
  const secondsSoFar = () => (performance.now() - begun) / 1000;
  const end = () => {
    socket.destroy();
    resolve({ bytes: reader.bodyBytes, firstByteSeconds, doneSeconds: secondsSoFar() });
  };
  const take = (length: number) => {
    try {
      reader.push(buffer.subarray(0, length));
    } catch (error) {
      reject(error);
      socket.destroy();
      return;
    }
    if (Number.isNaN(firstByteSeconds) && reader.bodyBytes > 0) firstByteSeconds = secondsSoFar();
    if (reader.answers === times || performance.now() >= deadline) return end();
    if (reader.answers === asked) {
      asked += 1;
      socket.write(request);
    }
  };
  const socket = open(target, buffer, take);
  socket.once('error', reject);
  socket.once('close', () =>
    reject(new Error(`${url}: ended after ${reader.bodyBytes} bytes of bodies`)),
  );
  socket.write(request);
  return promise;
}

/** Opens a connection that hands over each piece in the one buffer. */
function open(target: URL, buffer: Buffer, take: (length: number) => void): Socket {
  const [host, port] = [target.hostname, Number(target.port)];
  const onread = {
    buffer,
    callback: (length: number) => {
      take(length);
      return true;
    },
  };
  if (target.protocol === 'http:') return connect({ host, port, onread });
  // `@types/node` knows `onread` of plain sockets alone.
  const options: ConnectionOptions & { onread: OnReadOpts } = {
    host,
    port,
    rejectUnauthorized: false,
    onread,
  };
  return connectTls(options);
}

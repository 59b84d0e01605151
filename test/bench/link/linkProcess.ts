/** The process behind a link; it ends with the one that started it. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LinkDirection } from './linkDirection.ts';

interface Options {
  readonly hostname: string;
  readonly port: number;
  readonly bytesPerSecond?: number;
  readonly roundTrip: number;
}

const options = JSON.parse(process.argv[2] ?? '') as Options;
const { hostname: host, port, bytesPerSecond = Number.POSITIVE_INFINITY, roundTrip } = options;
const there = new LinkDirection(bytesPerSecond, roundTrip / 2);
const back = new LinkDirection(bytesPerSecond, roundTrip / 2);
// Most goes from the far end to the near one: bytes from there are read into buffers that come again.
const pieceBytes = 128 * 1024;
const free: Buffer[] = [];

const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true });
server.on('connection', (near: Socket) => {
  const far: Socket = connect({
    host,
    port,
    noDelay: true,
    allowHalfOpen: true,
    onread: {
      buffer: () => free.pop() ?? Buffer.allocUnsafeSlow(pieceBytes),
      callback: (count, bytes) => {
        const buffer = bytes as Buffer;
        back.send(far, near, buffer.subarray(0, count), () => free.push(buffer));
        return true;
      },
    },
  });
  near.on('data', (bytes: Buffer) => there.send(near, far, bytes, () => {}));
  endTogether(near, far, there);
  endTogether(far, near, back);
  void connectOverLink(near);
});

/** What a client sends leaves once its connection would be there over the link. */
async function connectOverLink(near: Socket): Promise<void> {
  if (roundTrip > 0) await sleep(roundTrip);
  near.resume();
}

function endTogether(from: Socket, to: Socket, way: LinkDirection): void {
  from.on('end', () => way.end(to));
  // Why a side broke off is its own business; the other side sees that it did.
  from.on('error', () => {});
  from.on('close', (broken) => {
    if (broken) to.destroy();
  });
}

server.listen(0, '127.0.0.1', () => {
  process.send?.({ port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => process.exit());

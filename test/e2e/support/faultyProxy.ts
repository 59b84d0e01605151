import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Bench } from './bench.ts';
import { BlobFaults, type BlobFault, type Hold } from './blobFaults.ts';

/** The body of one GET of a blob on its way through. */
export interface Transfer {
  readonly digest: string;
  /** The byte that it was asked to begin at. */
  readonly start: number;
  /** Bytes of its body that were passed on so far. */
  readonly passed: number;
}

/** A stand before a registry, or before the mirror, that passes on what it is ordered to. */
export interface FaultyProxy {
  readonly url: string;
  /** `127.0.0.1:PORT` of it. */
  readonly address: string;
  /** Every request so far, as `GET /v2/…`, in the order of arrival. */
  readonly requests: readonly string[];
  /** The transfers of blobs so far, in the order of arrival. */
  readonly transfers: readonly Transfer[];
  /**
   * Cuts the next transfers of a blob, each after so many bytes of its body. With 0 there is no answer:
   * the connection is reset.
   */
  readonly cut: (digest: string, afterBytes: readonly number[]) => void;
  /** Lets the next transfer of a blob come to a stop after so many bytes of its body. */
  readonly hold: (digest: string, afterBytes: number) => Hold;
  /** Closes the door: what is under way breaks off, and from now on connections are refused. */
  readonly close: () => Promise<void>;
  /** Opens the door again where it was. */
  readonly open: () => Promise<void>;
}

/** Starts a stand before the HTTP server at `target` that passes everything on until it is ordered not to. */
export async function startFaultyProxy(bench: Bench, target: string): Promise<FaultyProxy> {
  const requests: string[] = [];
  const transfers: Transfer[] = [];
  const faults = new BlobFaults();
  const server = createServer((incoming, outgoing) => {
    requests.push(`${incoming.method} ${incoming.url}`);
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const digest = blobOf(incoming);
    const fault = digest === undefined ? undefined : faults.next(digest);
    const transfer = { digest: digest ?? '', start: startOf(incoming), passed: 0 };
    if (digest !== undefined) transfers.push(transfer);
    if (fault?.kind === 'cut' && fault.afterBytes === 0) incoming.socket.resetAndDestroy();
    else await passBody(await forward(target, incoming, outgoing), outgoing, transfer, fault);
  }

  const listen = async (onPort: number) => {
    server.listen(onPort, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const port = await listen(0);
  const close = async () => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  bench.onClose(close);
  bench.keepLog(`requests for ${target}`, () => requests.join('\n'));
  return {
    url: `http://127.0.0.1:${port}`,
    address: `127.0.0.1:${port}`,
    requests,
    transfers,
    cut: faults.cut,
    hold: faults.hold,
    close,
    async open() {
      await listen(port);
    },
  };
}

function blobOf({ method, url = '' }: IncomingMessage): string | undefined {
  return method === 'GET' ? /\/blobs\/(sha256:[0-9a-f]{64})/.exec(url)?.[1] : undefined;
}

function startOf({ headers }: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
}

/** Asks `target` the same and passes the head of its answer on. */
async function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<IncomingMessage> {
  const { method, headers } = incoming;
  const onward = request(new URL(incoming.url ?? '/', target), { method, headers }).end();
  const [answer] = (await once(onward, 'response')) as [IncomingMessage];
  outgoing.once('close', () => answer.destroy());
  outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
  return answer;
}

async function passBody(
  answer: IncomingMessage,
  outgoing: ServerResponse,
  transfer: { passed: number },
  fault: BlobFault | undefined,
): Promise<void> {
  const send = async (piece: Buffer) => {
    await write(outgoing, piece);
    transfer.passed += piece.length;
  };
  let due = fault;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const room = due === undefined ? chunk.length : due.afterBytes - transfer.passed;
    await send(chunk.subarray(0, room));
    if (room >= chunk.length) continue;
    if (due?.kind === 'cut') throw new Error('cut as ordered');
    await due?.waitForRelease(outgoing);
    due = undefined;
    await send(chunk.subarray(room));
  }
  outgoing.end();
}

/** Resolves when the operating system has the bytes, so that a cut after them takes none of them away. */
function write(outgoing: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    outgoing.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}

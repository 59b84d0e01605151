import { connect, type Socket } from 'node:net';

/** How the far side ended a connection, or `timeout` when it did not. */
export type RawEnd = 'fin' | 'reset' | 'timeout';

/** What came back. */
export interface RawReply {
  readonly bytes: Buffer;
  readonly end: RawEnd;
}

/** A connection of which a test decides every byte. */
export interface RawConnection {
  readonly socket: Socket;
  /** Sends bytes as they are; text is sent as Latin-1. */
  send(bytes: Uint8Array | string): void;
  /** What has come in so far. */
  received(): Buffer;
  /** Resolves as soon as the text (Latin-1) has come in; rejects when the far side ends without it. */
  until(text: string): Promise<Buffer>;
  /** Resolves when the far side has ended the connection. */
  readonly ended: Promise<'fin' | 'reset'>;
  destroy(): void;
}

/** What to send, and for how long to wait for the far side to end the connection. */
export interface RawExchange {
  readonly port: number;
  readonly bytes: Uint8Array | string;
  /** Milliseconds. Say `Connection: close` in the request and they need not pass. Default: 5000. */
  readonly timeout?: number;
}

/** Connects to a port of this machine. */
export async function openRawConnection(port: number): Promise<RawConnection> {
  const socket = connect({ port, host: '127.0.0.1' });
  const pieces: Buffer[] = [];
  const received = () => Buffer.concat(pieces);
  const ended = endOf(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  return {
    socket,
    send: (bytes) => {
      socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    },
    received,
    until: (text) => receivedUntil(socket, received, text),
    ended,
    destroy: () => {
      socket.destroy();
    },
  };
}

/** Sends the bytes on a connection of their own and collects the reply until that ends. */
export async function exchangeRaw(exchange: RawExchange): Promise<RawReply> {
  const connection = await openRawConnection(exchange.port);
  connection.send(exchange.bytes);
  const timeout = new Promise<RawEnd>((resolve) => {
    connection.socket.setTimeout(exchange.timeout ?? 5000, () => {
      resolve('timeout');
    });
  });
  const end = await Promise.race([connection.ended, timeout]);
  connection.destroy();
  return { bytes: connection.received(), end };
}

function endOf(socket: Socket): Promise<'fin' | 'reset'> {
  return new Promise((resolve) => {
    socket.once('end', () => {
      resolve('fin');
    });
    socket.on('error', () => {
      resolve('reset');
    });
  });
}

function receivedUntil(socket: Socket, received: () => Buffer, text: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const look = () => {
      const bytes = received();
      if (!bytes.includes(text, 0, 'latin1')) return;
      socket.off('data', look);
      resolve(bytes);
    };
    socket.on('data', look);
    socket.once('close', () => {
      reject(new Error(`the connection ended before ${JSON.stringify(text)} came`));
    });
    look();
  });
}

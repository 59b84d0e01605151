import { exchangeRaw, type RawEnd } from '../support/rawSocket.ts';

/** An answer as it stood on the wire. */
export interface WireAnswer {
  /** 0 where the connection ended without an answer. */
  readonly status: number;
  /** By lower-case name; of several with one name, the last. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** All that came after the head, with whatever framing it has. */
  readonly body: Buffer;
  readonly end: RawEnd;
}

/** What a test asks of a mirror. */
export type Ask = (
  method: string,
  target: string,
  headers?: Readonly<Record<string, string>>,
) => Promise<WireAnswer>;

/** A client that opens a connection for each request and reads until the far side ends it. */
export function wireClient(port: number): Ask {
  return async (method, target, headers = {}) => {
    const bytes = requestHead(method, target, { connection: 'close', ...headers });
    const reply = await exchangeRaw({ port, bytes });
    return readAnswer(reply.bytes, reply.end);
  };
}

/** The head of a request, as a client sends it. */
export function requestHead(
  method: string,
  target: string,
  headers: Readonly<Record<string, string>> = {},
): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${target} HTTP/1.1\r\nHost: mirror\r\n${lines.join('')}\r\n`;
}

/** Takes the bytes of a connection apart. */
export function readAnswer(bytes: Buffer, end: RawEnd): WireAnswer {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return { status: 0, headers: {}, body: bytes, end };
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(statusLine.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: bytes.subarray(headEnd + 4),
    end,
  };
}

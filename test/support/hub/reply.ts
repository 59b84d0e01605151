/** The bytes of an answer, in pieces; a {@link ConnectionCut} thrown among them ends the connection. */
export type BodyPieces = Iterable<Buffer> | AsyncIterable<Buffer>;

/** An answer before it is sent. Faults may replace or change it. */
export interface Reply {
  readonly status: number;
  /** Names in lower case. `content-length` says what it likes; the body need not agree. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyPieces;
  /** Where in the whole blob the body begins; 0 for all but a 206. */
  readonly firstByte: number;
}

/** Text that goes out on the socket as it is, in place of an answer that follows HTTP's rules. */
export interface RawReply {
  /** The status that the text claims. */
  readonly status: number;
  readonly raw: string;
}

/** Thrown by a handler, a fault or a body to end the connection there and then. */
export class ConnectionCut extends Error {
  readonly by: 'fin' | 'reset';

  constructor(by: 'fin' | 'reset') {
    super(`the connection was ended by ${by}`);
    this.name = 'ConnectionCut';
    this.by = by;
  }
}

/** An answer with a body that is in memory. */
export function bytesReply(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer | string,
): Reply {
  const bytes = Buffer.from(body);
  return {
    status,
    headers: { ...headers, 'content-length': String(bytes.length) },
    body: [bytes],
    firstByte: 0,
  };
}

/** An answer that is one JSON value. */
export function jsonReply(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return bytesReply(
    status,
    { 'content-type': 'application/json', ...headers },
    JSON.stringify(value),
  );
}

/** An error as registries word it (OCI distribution-spec, "Error codes"). */
export function errorReply(
  status: number,
  code: string,
  message: string,
  more: { headers?: Readonly<Record<string, string>>; detail?: unknown } = {},
): Reply {
  const { headers, detail } = more;
  return jsonReply(status, { errors: [{ code, message, detail }] }, headers);
}

/** An error as S3-like stores word it. */
export function storeErrorReply(status: number, code: string, message: string): Reply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return bytesReply(status, { 'content-type': 'application/xml' }, body);
}

/** The answer with more headers, or others in the place of those it has. */
export function withHeaders(reply: Reply, headers: Readonly<Record<string, string>>): Reply {
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

import assert from 'node:assert/strict';
import { registryErrors } from '../../src/registry/errors.ts';

/** One of the answers that came in on a connection. */
export interface StreamedAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** As much as came. */
  readonly body: Buffer;
  /** Whether the connection ended before all of it had come. */
  readonly short: boolean;
}

const statusLine = /^HTTP\/1\.1 ([1-9]\d\d) [A-Za-z -]+$/;
const fieldLine = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\t\x20-\x7e\x80-\xff]*)$/;
const anotherAnswer = Buffer.from('HTTP/1.1 ');

/**
 * Takes the bytes of a connection apart into answers to the given methods, and fails where they are no
 * well-formed HTTP. Behind the last method, what looks like a head after a head tells an answer to HEAD.
 */
export function readAnswers(bytes: Buffer, methods: readonly string[]): StreamedAnswer[] {
  const answers: StreamedAnswer[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const headEnd = rest.indexOf('\r\n\r\n');
    if (headEnd === -1) {
      assert.ok(isStartOfHead(rest), `no head: ${rest.toString('latin1', 0, 200)}`);
      break;
    }
    const { status, headers } = readHead(rest.toString('latin1', 0, headEnd));
    const behind = rest.subarray(headEnd + 4);
    const length = bodyLength(status, headers, behind, methods[answers.length]);
    answers.push({
      status,
      headers,
      body: behind.subarray(0, length),
      short: behind.length < length,
    });
    rest = behind.subarray(length);
  }
  return answers;
}

/** Whether an error is the one of the API's shape that its status stands for. */
export function assertErrorBody({ status, headers, body, short }: StreamedAnswer): void {
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['etag'], undefined);
  if (short || body.length === 0) return;
  const { errors } = JSON.parse(body.toString()) as { errors: Array<{ code: string }> };
  const [error] = errors;
  assert.equal(errors.length, 1);
  const table: Readonly<Record<string, { status: number }>> = registryErrors;
  assert.equal(table[error?.code ?? '']?.status, status, body.toString());
}

function readHead(head: string): Pick<StreamedAnswer, 'status' | 'headers'> {
  const [first = '', ...lines] = head.split('\r\n');
  const status = statusLine.exec(first)?.[1];
  assert.ok(status !== undefined, `no status line: ${first}`);
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = fieldLine.exec(line) ?? [];
    assert.ok(name !== undefined && value !== undefined, `no field: ${line}`);
    assert.equal(headers[name.toLowerCase()], undefined, `twice: ${name}`);
    headers[name.toLowerCase()] = value;
  }
  return { status: Number(status), headers };
}

function isStartOfHead(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, anotherAnswer.length);
  return bytes.subarray(0, length).equals(anotherAnswer.subarray(0, length));
}

/** No answer of the mirror is chunked while its upstream says how long everything is. */
function bodyLength(
  status: number,
  headers: StreamedAnswer['headers'],
  behind: Buffer,
  method: string | undefined,
): number {
  assert.equal(headers['transfer-encoding'], undefined);
  if (status === 304) return 0;
  const text = headers['content-length'] ?? '';
  assert.match(text, /^\d+$/, `${status} without a length`);
  const isHead = method === undefined ? isNextHead(behind) : method === 'HEAD';
  // What ends the connection over a head that is none has a body, whatever method that began with.
  const isRefusal = headers['connection'] === 'close' && behind.length > 0;
  return isHead && !isRefusal ? 0 : Number(text);
}

function isNextHead(behind: Buffer): boolean {
  return behind.subarray(0, anotherAnswer.length).equals(anotherAnswer);
}

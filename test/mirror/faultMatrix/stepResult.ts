import { digestOf } from '../../../src/registry/digest.ts';
import type { WireAnswer } from '../../http/wireAnswer.ts';

/**
 * What an answer was, in words: `200 miss`, `200 miss short`, `503 UNAVAILABLE, again in 10 s`. What must
 * never be stands in capitals, and how the connection ended where that was not by FIN.
 */
export function stepResult(answer: WireAnswer, method: 'GET' | 'HEAD', expected: Buffer): string {
  const { status, end } = answer;
  const result = status === 200 ? contentResult(answer, method, expected) : errorResult(answer);
  return `${status}${result}${end === 'fin' ? '' : ` ENDED BY ${end}`}`;
}

function contentResult(answer: WireAnswer, method: 'GET' | 'HEAD', expected: Buffer): string {
  const { headers } = answer;
  const outcome = headers['x-cache'] ?? 'WITHOUT X-CACHE';
  const isUnmarked = outcome === 'stale' && headers['warning'] === undefined;
  const isOther = headers['docker-content-digest'] !== digestOf(expected);
  return [
    ` ${outcome}`,
    isUnmarked ? ' WITHOUT WARNING' : '',
    isOther ? ' WITH ANOTHER DIGEST' : '',
    method === 'GET' ? bodyResult(answer, expected) : '',
  ].join('');
}

/** Nothing where the body is whole and right; a short one must not have its end. */
function bodyResult(answer: WireAnswer, expected: Buffer): string {
  const { body, complete } = bodyOf(answer);
  if (complete) return body.equals(expected) ? '' : ' WITH OTHER BYTES';
  return body.length >= expected.length ? ' short WITH ALL BYTES' : ' short';
}

/** The body and whether all came that the headers announced. */
function bodyOf({ headers, body }: WireAnswer): { body: Buffer; complete: boolean } {
  const length = headers['content-length'];
  if (length === undefined) return unchunked(body);
  return { body, complete: body.length === Number(length) };
}

/** The content of chunks (RFC 9112 §7.1), complete if the last, empty one has come. */
function unchunked(raw: Buffer): { body: Buffer; complete: boolean } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.toString('latin1', at, lineEnd), 16);
    if (lineEnd < 0 || Number.isNaN(size)) return { body: Buffer.concat(pieces), complete: false };
    if (size === 0) return { body: Buffer.concat(pieces), complete: true };
    pieces.push(raw.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

function errorResult({ headers, body }: WireAnswer): string {
  const after = headers['retry-after'];
  // The answer to a HEAD has no body to name the code in.
  const code = body.length === 0 ? '' : ` ${errorCodeIn(body)}`;
  return `${code}${after === undefined ? '' : `, again in ${after} s`}`;
}

function errorCodeIn(body: Buffer): string {
  const { errors } = JSON.parse(body.toString()) as { errors: { code: string }[] };
  return errors[0]?.code ?? 'WITHOUT A CODE';
}

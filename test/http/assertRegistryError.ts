import assert from 'node:assert/strict';
import type { WireAnswer } from './wireAnswer.ts';

/**
 * Whether an answer is an error as the OCI distribution-spec wants it: its status, JSON of the one
 * shape, and nothing that describes content, nor a challenge, but for a 401, which has to have one.
 */
export function assertRegistryError(
  answer: WireAnswer,
  status: number,
  code: string,
  about = code,
): void {
  const { headers, body } = answer;
  assert.equal(answer.status, status, `${about}: ${body.toString()}`);
  assert.equal(headers['content-type'], 'application/json', about);
  assert.equal(headers['content-length'], String(body.length), about);
  const challenge = status === 401 ? 'Basic realm="pullthrough"' : undefined;
  assert.equal(headers['www-authenticate'], challenge, about);
  assert.equal(headers['etag'], undefined, about);
  const parsed = JSON.parse(body.toString()) as { errors: Array<Record<string, unknown>> };
  assert.deepEqual(Object.keys(parsed), ['errors'], about);
  assert.equal(parsed.errors.length, 1, about);
  assert.equal(parsed.errors[0]?.['code'], code, about);
  assert.equal(typeof parsed.errors[0]?.['message'], 'string', about);
}

import assert from 'node:assert/strict';

const mark = 'NeverToBeSeen';
const longestList = 10;

/**
 * A secret for a test: the name and a mark by which it is found wherever it turns up. All passwords of
 * the scripted Hub, its tokens and the signatures of its addresses carry the mark, so that a look at
 * what leaves the mirror needs no list of the secrets in use.
 */
export function markedSecret(name: string): string {
  return `${name}_${mark}`;
}

/** Fails unless the secret carries the mark: one without it could leak unseen. */
export function assertMarked(secret: string): void {
  assert.ok(secret.includes(mark), 'a secret of a test must come from markedSecret()');
}

/** Whether marked secrets stand in what was written, as they are or in the Base64 of HTTP Basic. */
export function holdsSecret(written: string | Uint8Array): boolean {
  const text = typeof written === 'string' ? written : asBuffer(written);
  return forms.some((form) => text.includes(form));
}

/** Fails when marked secrets stand in a text, with the lines that they stand in; `where` the text comes from. */
export function assertHoldsNoSecret(where: string, text: string): void {
  if (!holdsSecret(text)) return;
  const places = text
    .split('\n')
    .flatMap((line, index) => (holdsSecret(line) ? [`line ${index + 1}: ${line}`] : []));
  assert.fail(`a secret shows in ${where}:\n${places.slice(0, longestList).join('\n')}`);
}

const forms = [mark, ...[0, 1, 2].map((before) => base64Within(before))];

/** What of the mark's Base64 is the same whatever stands round it, after so many bytes modulo 3. */
function base64Within(before: number): string {
  const text = Buffer.from(`${' '.repeat(before)}${mark}`).toString('base64');
  const first = Math.ceil((before * 8) / 6);
  const end = Math.floor(((before + mark.length) * 8) / 6);
  return text.slice(first, end);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

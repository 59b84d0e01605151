/** How many of the first bytes {@link contentNature} looks at. */
export const natureBytes = 512;

const signatures: ReadonlyArray<readonly [string, string]> = [
  ['1f8b', 'gzip data'],
  ['28b52ffd', 'zstd data'],
  ['425a68', 'bzip2 data'],
  ['fd377a585a00', 'xz data'],
  ['504b0304', 'a zip archive'],
];

// https://mimesniff.spec.whatwg.org/#rules-for-identifying-an-unknown-mime-type, as far as errors are pages.
// A comment has one end alone, or many comments could be told apart in too many ways to try them all.
const html =
  /^\s*(?:<!--(?:(?!-->)[^])*-->\s*)*<(?:!doctype html|html|head|body|script|title|h1|p|div)[\s>]/i;
const tarMagicAt = 257;

/**
 * What bytes look like that are not what they should be, in words for a log line: the page of a captive
 * portal or the error of a CDN is told by its beginning. `head` are the first {@link natureBytes}.
 */
export function contentNature(head: Uint8Array): string {
  const bytes = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, natureBytes));
  if (bytes.length === 0) return 'no bytes at all';
  const signed = signatures.find(([hex]) => bytes.toString('hex').startsWith(hex));
  if (signed !== undefined) return signed[1];
  if (bytes.toString('latin1', tarMagicAt, tarMagicAt + 5) === 'ustar') return 'a tar archive';
  return isText(bytes) ? textNature(bytes.toString('utf8')) : 'binary data';
}

function textNature(text: string): string {
  if (html.test(text)) return 'an HTML page';
  if (/^\s*<(?:\?xml|[a-z])/i.test(text)) return 'an XML document';
  if (/^\s*[{[]/.test(text)) return 'a JSON document';
  return 'plain text';
}

/** Control characters other than white space do not occur in text. */
function isText(bytes: Buffer): boolean {
  return bytes.every((byte) => byte >= 0x20 || (byte >= 0x09 && byte <= 0x0d));
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import * as fc from 'fast-check';
import { contentNature } from '../../src/registry/contentNature.ts';

describe('what bytes look like', () => {
  const cases: ReadonlyArray<readonly [string, string | Uint8Array]> = [
    ['an HTML page', '<!DOCTYPE html>\n<html><body>Welcome to this network</body></html>'],
    ['an HTML page', '\r\n<html>\r\n<head><title>502 Bad Gateway</title></head>'],
    ['an HTML page', '<!-- cached --><HTML lang="en">'],
    ['an XML document', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    ['a JSON document', '{"errors":[{"code":"DENIED"}]}'],
    ['plain text', 'Too Many Requests (HAP429).\n'],
    ['gzip data', gzipSync('a layer')],
    ['zstd data', zstdCompressSync('a layer')],
    ['a tar archive', tarHeader()],
    ['binary data', Buffer.from([0, 1, 2, 3])],
    ['no bytes at all', Buffer.alloc(0)],
  ];
  for (const [nature, bytes] of cases) {
    test(`is told by how they begin: ${nature} (${JSON.stringify(bytes).slice(0, 24)})`, () => {
      assert.equal(contentNature(Buffer.from(bytes)), nature);
    });
  }

  test('is told of a page that begins with as many comments as fit', () => {
    assert.equal(contentNature(Buffer.from('<!---->'.repeat(73))), 'plain text');
    assert.equal(contentNature(Buffer.from(`${'<!-- - -->'.repeat(40)}<p>`)), 'an HTML page');
  });

  test('is told of any bytes, by the first 512 alone', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 512, maxLength: 2000 }), (bytes) => {
        const nature = contentNature(bytes);
        assert.ok(nature.length > 0);
        assert.equal(contentNature(bytes.subarray(0, 512)), nature);
      }),
    );
  });
});

function tarHeader(): Buffer {
  const header = Buffer.alloc(512);
  header.write('etc/passwd');
  header.write('ustar', 257);
  return header;
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { readUpstreamUrl } from '../../src/config/upstreamUrl.ts';

describe('the address of an upstream', () => {
  const origins: readonly (readonly [string, string])[] = [
    ['https://registry-1.docker.io', 'https://registry-1.docker.io'],
    ['https://ghcr.io/', 'https://ghcr.io'],
    ['http://Registry.Example:5000', 'http://registry.example:5000'],
    ['http://[::1]:5000', 'http://[::1]:5000'],
  ];
  for (const [text, origin] of origins) {
    test(`${text} is read as its origin`, () => {
      assert.deepEqual(readUpstreamUrl(text), { origin });
    });
  }

  test('is read again as what it was read as, or is refused without being repeated', () => {
    const secret = 'hunter2hunter2';
    const parts = fc.constantFrom(
      'https://',
      'ghcr.io',
      '/',
      ':',
      '@',
      '?',
      '#',
      '\\',
      ' ',
      secret,
    );
    const addresses = fc.oneof(
      fc.webUrl({ validSchemes: ['http', 'https'] }),
      fc.array(parts).map((list) => `https://${secret}${list.join('')}`),
    );
    fc.assert(
      fc.property(addresses, (text) => {
        const reading = readUpstreamUrl(text);
        if ('expected' in reading) assert.ok(!reading.expected.includes(secret));
        else assert.deepEqual(readUpstreamUrl(reading.origin), reading);
      }),
      { numRuns: 500 },
    );
  });

  const flaws: readonly (readonly [string, RegExp])[] = [
    ['ghcr.io', /such as https:/],
    ['ftp://ghcr.io', /such as https:/],
    ['https://user:hunter2@ghcr.io', /without credentials/],
    ['https://user@ghcr.io', /without credentials/],
    ['https://ghcr.io?token=hunter2', /without a query/],
    ['https://ghcr.io/?', /without a query/],
    ['https://ghcr.io/#hunter2', /without a query or fragment/],
    ['https://example.com/registry', /path prefix is not supported/],
    ['https://example.com/v2/', /path prefix is not supported/],
  ];
  for (const [text, expected] of flaws) {
    test(`${text} is refused with a reason that does not repeat it`, () => {
      const reading = readUpstreamUrl(text);
      assert.ok('expected' in reading);
      assert.match(reading.expected, expected);
      assert.doesNotMatch(reading.expected, /hunter2/);
    });
  }
});

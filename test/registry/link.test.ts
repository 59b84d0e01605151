import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { formatNextLink, nextLink } from '../../src/registry/link.ts';
import { anyText } from '../support/anyText.ts';

const addresses = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.stringMatching(/^\/v2\/[a-z]{1,8}\/tags\/list\?n=[0-9]{1,3}&last=[A-Za-z0-9._,;%-]{0,20}$/),
);

describe('nextLink', () => {
  test('reads back whatever address was written', () => {
    fc.assert(
      fc.property(addresses, (target) => assert.equal(nextLink(formatNextLink(target)), target)),
    );
  });

  test('finds the next page among other links, on one line or several', () => {
    fc.assert(
      fc.property(addresses, fc.array(addresses), fc.boolean(), (target, others, oneLine) => {
        const lines = others.map((other) => `<${other}>; title="a, <b>; rel=next"; rel="prev"`);
        lines.push(formatNextLink(target), '<later>; rel="next"');
        assert.equal(nextLink(oneLine ? lines.join(', ') : lines), target);
      }),
    );
  });

  test('never throws, whatever the field says', () => {
    const pieces = fc.constantFrom('<', '>', ';', ',', '"', '\\', '=', ' ', 'rel', 'next', 'é');
    fc.assert(
      fc.property(fc.oneof(anyText(), fc.string({ unit: pieces })), (header) => {
        assert.ok(['string', 'undefined'].includes(typeof nextLink(header)));
      }),
    );
  });

  const found = [
    '</v2/a>; rel="next"',
    '</v2/a>;rel=next',
    '</v2/a> ; REL = "NEXT"',
    '</v2/a>; rel="prev next last"',
    '</v2/a>; title="x; y, <z>"; rel=next; rel=prev',
    String.raw`</v2/a>; title="\"; rel=prev"; rel=next`,
    '</v2/a>; flag; ; rel=next',
    ' , </v2/a>; rel=next,',
    'junk, </v2/a>; rel=next',
    '; rel=next, </v2/a>; rel=next',
    '<unclosed, </v2/a>; rel=next',
    '<b>; rel="nextish", </v2/a>; rel=next',
    '<b>; rel=prev; rel=next, </v2/a>; rel=next',
    '<b>; rev=next, </v2/a>; rel=next',
    '<b>, </v2/a>; rel=next',
  ];
  for (const header of found) {
    test(`finds /v2/a in ${header}`, () => assert.equal(nextLink(header), '/v2/a'));
  }

  const without = [
    undefined,
    '',
    '</v2/a>',
    '</v2/a>; rel',
    '</v2/a>; rel=""',
    '</v2/a>; rel="prev"',
    '/v2/a; rel="next"',
    '</v2/a; rel="next"',
    '</v2/a>; title="never closed; rel=next',
    'rel=next',
  ];
  for (const header of without) {
    test(`finds none in ${header ?? 'a missing field'}`, () => {
      assert.equal(nextLink(header), undefined);
    });
  }

  test('keeps commas and semicolons of an address', () => {
    assert.equal(nextLink('</v2/a?last=b,c;d>; rel="next"'), '/v2/a?last=b,c;d');
  });

  test('gets to the end of a very long hostile field', () => {
    const size = 300_000;
    for (const piece of ['<a,', '<', '<a>;', '<a>;rel="', '"', ';', ',']) {
      assert.equal(nextLink(piece.repeat(size)), undefined);
    }
  });
});

describe('formatNextLink', () => {
  test('writes the field as the distribution-spec shows it', () => {
    assert.equal(
      formatNextLink('/v2/library/alpine/tags/list?n=10&last=3.20'),
      '</v2/library/alpine/tags/list?n=10&last=3.20>; rel="next"',
    );
  });

  test('lets no target break out of the field', () => {
    fc.assert(
      fc.property(anyText(), (target) => {
        const field = formatNextLink(target);
        assert.match(field, /^<[^\s<>"\\]*>; rel="next"$/);
        assert.equal(nextLink(field), field.slice(1, field.indexOf('>')));
      }),
    );
  });

  test('percent-encodes what no address can contain, and nothing twice', () => {
    assert.equal(
      formatNextLink('/a>\r\n b%20é\ud800'),
      '</a%3E%0D%0A%20b%20%C3%A9%EF%BF%BD>; rel="next"',
    );
  });
});

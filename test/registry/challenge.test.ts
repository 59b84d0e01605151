import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseChallenges } from '../../src/registry/challenge.ts';
import { anyText } from '../support/anyText.ts';

/** The challenges as plain pairs, which compare without regard to the missing prototype. */
function read(header: string | readonly string[] | undefined): [string, object][] {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, { ...parameters }]);
}

const tokens = fc.stringMatching(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,12}$/);
const parameters = fc.dictionary(
  tokens.map((name) => name.toLowerCase()),
  fc.stringMatching(/^[ab,;="\\ \t<>é]*$/),
  { noNullPrototype: true, minKeys: 0, maxKeys: 4 },
);
const challenges = fc.array(fc.tuple(tokens, parameters), { maxLength: 4 });

function write(list: readonly (readonly [string, Record<string, string>])[]): string {
  return list
    .map(([scheme, values]) => {
      const written = Object.entries(values).map(
        ([name, value]) => `${name}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
      );
      return `${scheme} ${written.join(', ')}`.trim();
    })
    .join(', ');
}

describe('parseChallenges', () => {
  test("reads Docker Hub's challenge, with the comma inside of its scope", () => {
    const header =
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",' +
      'scope="repository:library/alpine:pull,push",error="insufficient_scope"';
    assert.deepEqual(read(header), [
      [
        'bearer',
        {
          realm: 'https://auth.docker.io/token',
          service: 'registry.docker.io',
          scope: 'repository:library/alpine:pull,push',
          error: 'insufficient_scope',
        },
      ],
    ]);
  });

  test('reads back whatever challenges are written by the RFC', () => {
    fc.assert(
      fc.property(challenges, (list) => {
        const expected = list.map(([scheme, values]) => [scheme.toLowerCase(), { ...values }]);
        assert.deepEqual(read(write(list)), expected);
      }),
    );
  });

  test('never throws, whatever the field says', () => {
    const hostile = fc.stringMatching(/^[aB="\\,; \t/~é]*$/);
    fc.assert(
      fc.property(fc.oneof(anyText(), hostile), (header) => {
        for (const { scheme } of parseChallenges(header)) assert.notEqual(scheme, '');
      }),
    );
  });

  test('tells several challenges on one line apart, as on several lines', () => {
    const expected = [
      ['bearer', { realm: 'https://a/t', service: 'a' }],
      ['basic', { realm: 'b' }],
    ];
    assert.deepEqual(read('Bearer realm="https://a/t", service=a, Basic realm="b"'), expected);
    assert.deepEqual(read(['Bearer realm="https://a/t",service="a"', 'Basic realm="b"']), expected);
  });

  test('keeps a broken line from spoiling the next one', () => {
    assert.deepEqual(read(['Bearer realm="never closed', 'Basic realm="b"']), [
      ['bearer', {}],
      ['basic', { realm: 'b' }],
    ]);
  });

  test('finds none in a missing or an empty field', () => {
    assert.deepEqual(read(undefined), []);
    assert.deepEqual(read(''), []);
    assert.deepEqual(read([]), []);
    assert.deepEqual(read(' , ,'), []);
  });

  test('compares schemes and names without case and leaves values as they are', () => {
    assert.deepEqual(read('BEARER Realm="HTTPS://A"'), [['bearer', { realm: 'HTTPS://A' }]]);
  });

  test('unescapes quoted values', () => {
    assert.deepEqual(read(String.raw`Basic realm="a \"b\" \\ \c"`), [
      ['basic', { realm: String.raw`a "b" \ c` }],
    ]);
  });

  test('allows for white space around the equals sign and the commas', () => {
    assert.deepEqual(read('  Bearer  realm = "a" ,\tservice\t=\tb ,'), [
      ['bearer', { realm: 'a', service: 'b' }],
    ]);
  });

  test('takes an address or padded base64 without quotes as it was meant', () => {
    assert.deepEqual(read('Bearer realm=https://a/t?x=1,nonce=ab=='), [
      ['bearer', { realm: 'https://a/t?x=1', nonce: 'ab==' }],
    ]);
  });

  test('tolerates schemes that carry a token68 or nothing', () => {
    assert.deepEqual(read('Negotiate, NTLM TlRM+/TVNTUA==, Other abcd== , Basic realm="b"'), [
      ['negotiate', {}],
      ['ntlm', {}],
      ['other', {}],
      ['basic', { realm: 'b' }],
    ]);
  });

  test('skips what is malformed and reads on behind the next comma', () => {
    assert.deepEqual(read('"junk, x=1", (a), Bearer realm="r" junk="1,2", =x, service="s"'), [
      ['bearer', { realm: 'r', service: 's' }],
    ]);
  });

  test('drops parameters that no scheme comes before', () => {
    assert.deepEqual(read('realm="stray", Basic realm="b"'), [['basic', { realm: 'b' }]]);
  });

  test('lets the first of two parameters of a name count', () => {
    assert.deepEqual(read('Bearer realm="first",realm="second"'), [['bearer', { realm: 'first' }]]);
  });

  test('keeps names such as __proto__ and constructor harmless', () => {
    const [challenge] = parseChallenges('Bearer __proto__="x"');
    assert.equal(Object.getPrototypeOf(challenge?.parameters), null);
    assert.equal(challenge?.parameters['__proto__'], 'x');
    assert.equal(challenge?.parameters['constructor'], undefined);
  });

  test('gets to the end of a very long hostile field', () => {
    const size = 300_000;
    assert.equal(parseChallenges(`Bearer a="${'\\'.repeat(size)}`).length, 1);
    assert.equal(parseChallenges(`Bearer x${'='.repeat(size)}`).length, 1);
    assert.equal(parseChallenges(`Bearer ${'a'.repeat(size)}"`).length, 1);
    assert.equal(parseChallenges('a "'.repeat(size)).length, 1);
    assert.equal(parseChallenges('a,'.repeat(size)).length, size);
  });
});

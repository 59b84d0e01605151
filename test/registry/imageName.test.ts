import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { digestOf } from '../../src/registry/digest.ts';
import {
  imageNameText,
  parseImageName,
  wantedReference,
  type ImageName,
} from '../../src/registry/imageName.ts';
import { referenceText } from '../../src/registry/reference.ts';
import { anyText } from '../support/anyText.ts';

const digest = digestOf(Buffer.from('image'));

/** What is read of a name, without what it does not say. */
function partsOf(text: string): Partial<Record<keyof ImageName, string>> | undefined {
  const name = parseImageName(text);
  return name && Object.fromEntries(Object.entries(name).filter(([, part]) => part !== undefined));
}

// What distribution/reference's `ParseNormalizedNamed` takes each for, before it fills in what is missing.
const cases: Record<string, Partial<Record<keyof ImageName, string>>> = {
  alpine: { path: 'alpine' },
  'alpine:3.20': { path: 'alpine', tag: '3.20' },
  'acme/app:1': { path: 'acme/app', tag: '1' },
  'library/alpine': { path: 'library/alpine' },
  'localhost/x': { host: 'localhost', path: 'x' },
  'localhost:5000/x': { host: 'localhost:5000', path: 'x' },
  'a:5000/b:1': { host: 'a:5000', path: 'b', tag: '1' },
  'ghcr.io/a/b': { host: 'ghcr.io', path: 'a/b' },
  'GHCR.io/a/b': { host: 'ghcr.io', path: 'a/b' },
  [`ghcr.io/a/b@${digest}`]: { host: 'ghcr.io', path: 'a/b', digest },
  [`alpine:3.20@${digest}`]: { path: 'alpine', tag: '3.20', digest },
  '[::1]:5000/x:1': { host: '[::1]:5000', path: 'x', tag: '1' },
  // A host without anything behind it is a repository's name, and what looks like its port a tag.
  localhost: { path: 'localhost' },
  'ghcr.io': { path: 'ghcr.io' },
  'localhost:5000': { path: 'localhost', tag: '5000' },
  'a.b/c': { host: 'a.b', path: 'c' },
  'a/b.c/d': { path: 'a/b.c/d' },
};

describe('parseImageName', () => {
  for (const [text, parts] of Object.entries(cases)) {
    test(`reads ${text} as Docker does`, () => assert.deepEqual(partsOf(text), parts));
  }

  const refused: Record<string, string> = {
    nothing: '',
    'a letter that is not in lower case': 'acme/App',
    'an empty tag': 'alpine:',
    'an empty digest': 'alpine@',
    'an empty repository': ':1',
    'an address': 'https://ghcr.io/a/b',
    'the name of a transport': 'docker://alpine',
    'a slash at the end': 'alpine/',
    'a slash at the front': '/alpine',
    'two tags': 'alpine:1:2',
    'two digests': `alpine@${digest}@${digest}`,
    'a tag behind the digest': `alpine@${digest}:1`,
    'a digest that is cut off': 'alpine@sha256:1234',
    'a digest that cannot be verified': `alpine@sha384:${'0'.repeat(96)}`,
    'a host with a user': 'me@ghcr.io/a',
    'a host with an underscore': 'a_b.c/d',
    'a port that is no number': 'ghcr.io:http/a',
    'a space': 'alpine 3',
    'a line break at the end': 'alpine\n',
    'a step up': 'ghcr.io/../a',
    'more than all its parts can have': `${'a'.repeat(1000)}/${'b'.repeat(1000)}`,
  };
  for (const [what, text] of Object.entries(refused)) {
    test(`refuses ${what}`, () => assert.equal(parseImageName(text), undefined));
  }

  const hosts = fc.constantFrom('ghcr.io', 'localhost', 'localhost:5000', 'a:1', '[::1]:5000');
  const component = fc.stringMatching(/^[a-z0-9]{1,5}(?:[._-][a-z0-9]{1,5})?$/);
  const paths = fc.array(component, { minLength: 1, maxLength: 4 }).map((all) => all.join('/'));
  const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20}$/);
  const digests = fc.uint8Array().map((bytes) => digestOf(bytes));

  test('reads back every name that is written from its parts', () => {
    fc.assert(
      fc.property(
        hosts,
        paths,
        fc.option(tags, { nil: undefined }),
        fc.option(digests, { nil: undefined }),
        (host, path, tag, digestPart) => {
          const name = { host, path, tag, digest: digestPart } as ImageName;
          assert.deepEqual(parseImageName(imageNameText(name)), name);
        },
      ),
    );
  });

  test('never throws, and what it reads is written back as it was but for the case of the host', () => {
    const pieces = ['a', 'B', '1', '.', ':', '/', '@', '-', '_', 'localhost', '[', digest, '\n'];
    const nearly = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 12 });
    fc.assert(
      fc.property(fc.oneof(anyText(), nearly), (text) => {
        const name = parseImageName(text);
        if (name === undefined) return;
        const host = name.host === undefined ? '' : text.slice(0, name.host.length);
        assert.equal(imageNameText(name), host.toLowerCase() + text.slice(host.length));
      }),
      { numRuns: 500 },
    );
  });
});

test('a name asks for its digest, else for its tag, else for latest', () => {
  for (const [text, wanted] of [
    ['alpine', 'latest'],
    ['alpine:3.20', '3.20'],
    [`alpine:3.20@${digest}`, digest],
  ] as const) {
    const name = parseImageName(text);
    assert.ok(name);
    assert.equal(referenceText(wantedReference(name)), wanted);
  }
});

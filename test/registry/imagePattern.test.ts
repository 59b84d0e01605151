import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { digestOf, parseDigest } from '../../src/registry/digest.ts';
import { parseImageName } from '../../src/registry/imageName.ts';
import {
  matchesImage,
  parseImagePattern,
  type NamedImage,
} from '../../src/registry/imagePattern.ts';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';
import { parseTag } from '../../src/registry/reference.ts';
import { anyText } from '../support/anyText.ts';

const digest = digestOf(Buffer.from('image'));

/** `host repository tag`, with `-` for no tag. */
function image(text: string): NamedImage {
  const [host = '', path = '', tagText = '-'] = text.split(' ');
  const [name, tag] = [parseRepositoryName(path), parseTag(tagText)];
  assert.ok(name !== undefined, text);
  return { repository: { host, name }, tag: tagText === '-' ? undefined : tag, digest };
}

function isLike(pattern: string, named: NamedImage): boolean {
  const parsed = parseImagePattern(pattern);
  assert.ok(parsed !== undefined, pattern);
  return matchesImage(parsed, named);
}

describe('a pattern for images', () => {
  const app = 'ghcr.io acme/app 1.2';
  const cases: Record<string, readonly [like: readonly string[], unlike: readonly string[]]> = {
    'acme/app': [[app, 'docker.io acme/app -'], ['ghcr.io acme/app2 1.2']],
    'acme/*': [[app], ['ghcr.io acme/team/app 1.2']],
    'ghcr.io/acme/**': [[app, 'ghcr.io acme/team/app -'], ['docker.io acme/app 1.2']],
    'GHCR.io/acme/app': [[app], []],
    '*.io/acme/app': [[app, 'docker.io acme/app 1'], ['localhost acme/app 1']],
    'ghcr.io/acme/app:1.*': [[app], ['ghcr.io acme/app 2.0', 'ghcr.io acme/app -']],
    'acme/app:*': [[app], ['ghcr.io acme/app -']],
    'localhost:*/x': [['localhost:5000 x 1'], ['localhost x 1']],
    '[::1]:5000/x': [['[::1]:5000 x 1'], [':5000 x 1']],
    [`acme/app@${digest}`]: [[app, 'ghcr.io acme/app -'], []],
    [`acme/app@${digest.slice(0, 12)}*`]: [[app], []],
    [`acme/app@${digest.slice('sha256:'.length, 20)}*`]: [[app], []],
    'acme/app@*': [[app], ['ghcr.io acme/app2 -']],
    'acme/app@sha512:*': [[], [app]],
    [`acme/app:1.3@${digest}`]: [[], [app]],
  };
  for (const [text, [like, unlike]] of Object.entries(cases)) {
    test(`${text} stands for what is like it in all its parts`, () => {
      const all = [...like, ...unlike];
      assert.deepEqual(
        all.filter((one) => isLike(text, image(one))),
        like,
      );
    });
  }

  const refused: Record<string, string> = {
    nothing: '',
    'an empty tag': 'acme/app:',
    'an empty digest': 'acme/app@',
    'a host alone': 'ghcr.io/',
    'a set that is not closed': 'acme/app:[0-9',
    'a set without an end in the repository': '[a/b',
    braces: '{a,b}/app',
    'a space': 'acme app',
    'a slash in the digest': 'acme/app@sha256:a/b',
  };
  for (const [what, text] of Object.entries(refused)) {
    test(`is not to have ${what}`, () => assert.equal(parseImagePattern(text), undefined));
  }

  test('that is an image’s whole name stands for that image alone', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9]{0,4}$/);
    const tags = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,6}$/);
    const hosts = fc.constantFrom('ghcr.io', 'localhost:5000', '[::1]:5000');
    const images = fc.tuple(hosts, word, word, tags);
    fc.assert(
      fc.property(images, images, (one, other) => {
        const [host, first, second, tag] = one;
        const pattern = `${host}/${first}/${second}:${tag}`;
        const named = image(`${other[0]} ${other[1]}/${other[2]} ${other[3]}`);
        assert.equal(isLike(pattern, named), one.join(' ') === other.join(' '));
        assert.ok(isLike(pattern, image(`${host} ${first}/${second} ${tag}`)));
      }),
    );
  });

  test('can be read wherever a name of an image can, and never throws', () => {
    const pieces = [
      'a',
      '1',
      '.',
      ':',
      '/',
      '@',
      '*',
      '?',
      '[a-z]',
      '-',
      'localhost',
      digest,
      '\0',
    ];
    const nearly = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 10 });
    const named = image('ghcr.io acme/app 1.2');
    fc.assert(
      fc.property(fc.oneof(anyText(), nearly), (text) => {
        const pattern = parseImagePattern(text);
        if (pattern === undefined) assert.equal(parseImageName(text), undefined);
        else matchesImage(pattern, named);
      }),
      { numRuns: 500 },
    );
  });

  test('reads digests of sha512', () => {
    const long = parseDigest(`sha512:${'ab'.repeat(64)}`);
    assert.ok(long);
    const named = { ...image('ghcr.io acme/app -'), digest: long };
    assert.ok(isLike(`acme/app@${long}`, named));
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { parseRepositoryName } from '../../src/registry/repositoryName.ts';

// Built up from the words of the OCI distribution-spec, apart from the pattern under test.
const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
const separator = fc.constantFrom('.', '_', '__', '-', '---');
const component = fc
  .tuple(word, fc.array(fc.tuple(separator, word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.flat().join(''));
const names = fc.array(component, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));

describe('parseRepositoryName', () => {
  test('takes every name of the specification, unchanged', () => {
    fc.assert(fc.property(names, (name) => assert.equal(parseRepositoryName(name), name)));
  });

  test('takes nothing but a name of the specification', () => {
    const specified = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;
    const texts = fc.oneof(
      fc.string(),
      fc.string({
        unit: fc.constantFrom('a', '9', '/', '.', '_', '-', 'A', '%', '\\', '\0', '\n'),
      }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(parseRepositoryName(text) !== undefined, specified.test(text));
      }),
    );
  });

  test('takes a name of 255 characters and refuses one of 256', () => {
    assert.notEqual(parseRepositoryName(`library/${'a'.repeat(247)}`), undefined);
    assert.equal(parseRepositoryName(`library/${'a'.repeat(248)}`), undefined);
  });

  const refused: Record<string, string> = {
    nothing: '',
    'a slash at the front': '/alpine',
    'a slash at the end': 'library/',
    'an empty component': 'library//alpine',
    'a step up': '../alpine',
    'a step up in the middle': 'library/../alpine',
    'a step on the spot': './alpine',
    'a percent-encoded slash': 'library%2falpine',
    'a backslash': 'library\\alpine',
    'a NUL': 'alpine\0',
    'a line break at the end': 'alpine\n',
    'upper case': 'Alpine',
    'a letter beyond ASCII': 'älpine',
    'a port': 'localhost:5000/alpine',
    'two dots between words': 'al..pine',
    'three underscores between words': 'al___pine',
    'separators of two kinds between words': 'al._pine',
    'a separator at the front': '-alpine',
    'a separator at the end': 'alpine-',
    'the metadata of a file system': 'library/.git',
  };
  for (const [what, text] of Object.entries(refused)) {
    test(`refuses ${what}`, () => assert.equal(parseRepositoryName(text), undefined));
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  bareMediaType,
  isImage,
  isIndex,
  manifestAccept,
  mediaTypes,
} from '../../src/registry/mediaType.ts';
import { anyText } from '../support/anyText.ts';

describe('media types', () => {
  test('lose parameters, white space and upper case', () => {
    assert.equal(bareMediaType('application/json'), 'application/json');
    assert.equal(bareMediaType(' Application/JSON ; charset=utf-8; a=b'), 'application/json');
    assert.equal(bareMediaType(';'), '');
  });

  test('are found in any text, and again in what was found', () => {
    fc.assert(
      fc.property(anyText(), fc.string(), (type, parameters) => {
        fc.pre(!type.includes(';'));
        const bare = bareMediaType(type);
        assert.equal(bareMediaType(`${type};${parameters}`), bare);
        assert.equal(bareMediaType(` ${bare}\t`), bare);
        assert.equal(bare, type.trim().toLowerCase());
        assert.ok(!(isIndex(bare) && isImage(bare)));
      }),
    );
  });

  test('of lists of manifests are those of OCI and of Docker', () => {
    assert.deepEqual(Object.values(mediaTypes).filter(isIndex), [
      'application/vnd.oci.image.index.v1+json',
      'application/vnd.docker.distribution.manifest.list.v2+json',
    ]);
  });

  test('of images are those of OCI and of Docker', () => {
    assert.deepEqual(Object.values(mediaTypes).filter(isImage), [
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.docker.distribution.manifest.v2+json',
    ]);
  });

  test('of all four kinds of manifest are asked for at full weight, any other at less', () => {
    const asked = manifestAccept.split(', ');
    for (const type of Object.values(mediaTypes)) {
      if (isIndex(type) || isImage(type)) assert.ok(asked.includes(type), type);
    }
    assert.deepEqual(
      asked.filter((type) => type.includes(';')),
      ['*/*;q=0.1'],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { guessManifestType } from '../../src/registry/manifestGuess.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';
import { buildImage, buildMultiPlatformImage } from '../support/images.ts';

function guess(members: object): string | undefined {
  return guessManifestType(Buffer.from(JSON.stringify(members)));
}

const config = { mediaType: 'application/x', digest: `sha256:${'ab'.repeat(32)}`, size: 1 };

describe('a manifest is told by what it says of itself', () => {
  for (const format of ['oci', 'docker'] as const) {
    test(`in the format ${format}`, () => {
      const { manifest } = buildImage({ format });
      const index = buildMultiPlatformImage({ format }).manifest;
      assert.equal(guessManifestType(manifest.bytes), manifest.mediaType);
      assert.equal(guessManifestType(index.bytes), index.mediaType);
    });
  }

  test('or, where it does not say, by its members', () => {
    assert.equal(guess({ schemaVersion: 2, config, layers: [] }), mediaTypes.ociManifest);
    assert.equal(guess({ schemaVersion: 2, manifests: [] }), mediaTypes.ociIndex);
  });
});

describe('no manifest is', () => {
  const others: Readonly<Record<string, object>> = {
    'an image config': { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers' } },
    'an artifact of another type': { schemaVersion: 2, mediaType: 'application/x', layers: [] },
    'one of schema 1': { schemaVersion: 1, config, layers: [] },
    'something without members of one': { schemaVersion: 2 },
    'one that contradicts itself': { schemaVersion: 2, config, layers: [], manifests: [] },
  };
  for (const [what, members] of Object.entries(others)) {
    test(what, () => assert.equal(guess(members), undefined));
  }

  test('what is no JSON', () => {
    assert.equal(guessManifestType(Buffer.from('{"schemaVersion":2')), undefined);
  });
});

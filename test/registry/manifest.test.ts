import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import type { Descriptor } from '../../src/registry/descriptor.ts';
import { digestOf } from '../../src/registry/digest.ts';
import { blobsOf, parseManifest, type Manifest } from '../../src/registry/manifest.ts';
import { mediaTypes } from '../../src/registry/mediaType.ts';

const { ociIndex, ociManifest, dockerList, dockerManifest } = mediaTypes;

function descriptor(content: string, mediaType = 'application/vnd.example'): Descriptor {
  return { mediaType, digest: digestOf(Buffer.from(content)), size: content.length };
}

const config = descriptor('config');
const layers = [descriptor('one'), descriptor('two')];
const unverifiable = { ...descriptor('three'), digest: `sha384:${'0'.repeat(96)}` };
const foreign = { ...descriptor('four'), urls: ['https://example.com/four'] };

function parse(body: unknown, mediaType: string): Manifest | undefined {
  return parseManifest(Buffer.from(JSON.stringify(body)), mediaType);
}

function blobsOfImage(body: object): readonly Descriptor[] | undefined {
  const manifest = parse(body, ociManifest);
  assert.equal(manifest?.kind, 'image');
  return blobsOf(manifest);
}

describe('an image manifest', () => {
  for (const mediaType of [ociManifest, dockerManifest]) {
    test(`of ${mediaType} gives its config and layers`, () => {
      const body = { schemaVersion: 2, mediaType, config, layers };
      const expected = {
        kind: 'image',
        mediaType,
        config,
        layers,
        undeliverable: false,
        ambiguous: false,
      };
      assert.deepEqual(parse(body, mediaType), expected);
    });
  }

  test('may have null for its layers, as Go writes an empty list', () => {
    assert.deepEqual(blobsOfImage({ config, layers: null }), [config]);
  });

  test('needs config and layers as blobs', () => {
    assert.deepEqual(blobsOfImage({ config, layers }), [config, ...layers]);
  });

  test('does not need the blobs that clients fetch from elsewhere', () => {
    assert.deepEqual(blobsOfImage({ config, layers: [foreign, ...layers] }), [config, ...layers]);
  });

  test('with a layer that cannot be verified is readable but never complete', () => {
    const body = { config, layers: [...layers, unverifiable] };
    const manifest = parse(body, ociManifest);
    assert.deepEqual(manifest?.kind === 'image' && manifest.layers, layers);
    assert.equal(blobsOfImage(body), undefined);
  });

  test('with a config that cannot be verified is readable but never complete', () => {
    assert.equal(blobsOfImage({ config: unverifiable, layers }), undefined);
  });

  test('with a malformed layer is readable but never complete', () => {
    for (const malformed of [null, 'sha256', {}, { ...config, size: -1 }]) {
      assert.equal(blobsOfImage({ config, layers: [malformed] }), undefined);
    }
  });

  test('is complete without an unverifiable blob that clients fetch from elsewhere', () => {
    const elsewhere = { ...unverifiable, urls: ['https://example.com/three'] };
    assert.deepEqual(blobsOfImage({ config, layers: [elsewhere, ...layers] }), [config, ...layers]);
  });

  const contradictions: Record<string, object> = {
    'no config': { layers },
    'a config that is no object': { config: 'sha256', layers },
    'layers that are no list': { config, layers: {} },
    'manifests too': { config, layers, manifests: [] },
    'the media type of an index': { config, layers, mediaType: ociIndex },
    'a media type that is no text': { config, layers, mediaType: 1 },
    'nothing but an error': { errors: [{ code: 'DENIED' }] },
  };
  for (const [what, body] of Object.entries(contradictions)) {
    test(`is refused with ${what}`, () => assert.equal(parse(body, ociManifest), undefined));
  }
});

describe('an index', () => {
  for (const mediaType of [ociIndex, dockerList]) {
    test(`of ${mediaType} gives its manifests, in their order`, () => {
      const manifests = [descriptor('a', ociManifest), descriptor('b')];
      const body = { schemaVersion: 2, mediaType, manifests };
      assert.deepEqual(parse(body, mediaType), { kind: 'index', mediaType, manifests });
    });
  }

  test('leaves out the manifests that cannot be verified', () => {
    const manifests = [unverifiable, config, null];
    assert.deepEqual(parse({ manifests }, ociIndex), {
      kind: 'index',
      mediaType: ociIndex,
      manifests: [config],
    });
  });

  test('may be empty, as a list of referrers often is', () => {
    const expected = { kind: 'index', mediaType: ociIndex, manifests: [] };
    assert.deepEqual(parse({ manifests: [] }, ociIndex), expected);
    assert.deepEqual(parse({ manifests: null }, ociIndex), expected);
  });

  test('needs no blobs', () => {
    const manifest = parse({ manifests: [config] }, ociIndex);
    assert.deepEqual(manifest && blobsOf(manifest), []);
  });

  const contradictions: Record<string, object> = {
    'no manifests': { schemaVersion: 2 },
    'manifests that are no list': { manifests: { 0: config } },
    'a config too': { manifests: [], config },
    'layers too': { manifests: [], layers: [] },
    'the media type of an image': { manifests: [], mediaType: ociManifest },
    "the media type of Docker's list": { manifests: [], mediaType: dockerList },
  };
  for (const [what, body] of Object.entries(contradictions)) {
    test(`is refused with ${what}`, () => assert.equal(parse(body, ociIndex), undefined));
  }
});

describe('any manifest', () => {
  test('of another type is taken as it is and needs no blobs', () => {
    const mediaType = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    const manifest = parse({ schemaVersion: 1, fsLayers: [], config, layers }, mediaType);
    assert.deepEqual(manifest, { kind: 'other', mediaType });
    assert.deepEqual(manifest && blobsOf(manifest), []);
  });

  test('is read by its type without parameters and case', () => {
    const body = { mediaType: ociIndex, manifests: [] };
    const manifest = parse(body, `${ociIndex.toUpperCase()}; charset=utf-8`);
    assert.equal(manifest?.kind, 'index');
    assert.equal(manifest?.mediaType, ociIndex);
  });

  test('is refused when it is a web page, whatever its type', () => {
    const page = Buffer.from('<!doctype html><title>Sign in</title>');
    for (const mediaType of [ociManifest, ociIndex, 'application/vnd.example', 'text/html']) {
      assert.equal(parseManifest(page, mediaType), undefined);
    }
  });

  test('never makes the parser throw, and promises no blobs it left out', () => {
    const entries = fc.oneof(fc.constantFrom(config, unverifiable, foreign), fc.jsonValue());
    const bodies = fc.record(
      {
        mediaType: fc.oneof(fc.constantFrom(...Object.values(mediaTypes)), fc.jsonValue()),
        config: entries,
        layers: fc.oneof(fc.array(entries), fc.jsonValue()),
        manifests: fc.oneof(fc.array(entries), fc.jsonValue()),
      },
      { requiredKeys: [] },
    );
    const types = fc.constantFrom(ociIndex, ociManifest, dockerList, dockerManifest, 'a/b');
    fc.assert(
      fc.property(fc.oneof(bodies, fc.jsonValue()), types, (body, mediaType) => {
        const manifest = parse(body, mediaType);
        if (manifest?.kind !== 'image') return;
        const listed = (body as { layers?: unknown[] | null }).layers?.length ?? 0;
        const all = manifest.config !== undefined && manifest.layers.length === listed;
        assert.equal(blobsOf(manifest) !== undefined, all);
      }),
    );
  });
});

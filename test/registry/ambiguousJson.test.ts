import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAmbiguousJson } from '../../src/registry/ambiguousJson.ts';
import { buildImage } from '../support/images.ts';

describe('a text of JSON that different readers take differently', () => {
  for (const [what, text] of [
    ['has a name twice', '{"a":1,"a":2}'],
    ['has names that differ in case', '{"layers":[],"Layers":[]}'],
    ['has them within a list of objects', '{"layers":[{"digest":"x","size":1,"DIGEST":"y"}]}'],
    ['writes one with an escape', '{"config":1,"\\u0043onfig":2}'],
    ['has the long s, which Go takes for an s', '{"layers":1,"layer\\u017f":2}'],
    ['has the sign for kelvin, which Go takes for a k', '{"k":1,"\u212a":2}'],
    ['has white space about the colon', '{"a" :1, "b":{} , "A"\n:2}'],
  ] as const) {
    test(what, () => {
      assert.ok(JSON.parse(text));
      assert.equal(isAmbiguousJson(text), true);
    });
  }
});

describe('a text of JSON that all readers take alike', () => {
  for (const [what, text] of [
    ['has a name once in each object', '{"a":{"a":[{"a":1},{"a":2}]},"b":{"a":1}}'],
    ['has strings that look like members', '{"a":"\\"a\\":1","b":["a","A"],"c":"{"}'],
    ['is an image', buildImage().manifest.bytes.toString()],
    ['is empty', '{}'],
  ] as const) {
    test(what, () => assert.equal(isAmbiguousJson(text), false));
  }
});

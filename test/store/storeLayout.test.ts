import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestHex, digestOf } from '../../src/registry/digest.ts';
import { StoreLayout } from '../../src/store/storeLayout.ts';

const layout = new StoreLayout('/data');

test('everything lies under the version of the format', () => {
  assert.equal(layout.directory, '/data');
  assert.equal(layout.root, '/data/v1');
  for (const path of [layout.catalog, layout.incoming, layout.blobs]) {
    assert.ok(path.startsWith('/data/v1/'), path);
  }
});

test('a blob lies under its algorithm and two digits of its digest', () => {
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const digest = digestOf(Buffer.from('a blob'), algorithm);
    const hex = digestHex(digest);
    const directory = `/data/v1/blobs/${algorithm}/${hex.slice(0, 2)}`;
    assert.equal(layout.blobDirectory(digest), directory);
    assert.equal(layout.blobFile(digest), `${directory}/${hex}`);
  }
});

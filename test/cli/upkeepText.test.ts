import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { duLines } from '../../src/cli/duText.ts';
import { inspectLines } from '../../src/cli/inspectText.ts';
import { collectionLines, removalLines } from '../../src/cli/removalText.ts';
import { plainText, showAge } from '../../src/cli/textTable.ts';
import type { ImageDetail } from '../../src/upkeep/inventory/imageDetail.ts';
import type { Usage } from '../../src/upkeep/inventory/usage.ts';
import { anyImage } from '../ops/scriptedUpkeep.ts';

const now = Date.parse('2026-11-21T12:30:00Z');
const nothing = { count: 0, bytes: 0 };
const content = {
  digest: anyImage.digest,
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  size: 2048,
  held: true,
  storedAt: null,
  lastUsedAt: null,
};

test('an image is told in sections', () => {
  const image: ImageDetail = {
    ...anyImage,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifest: content,
    images: [
      {
        platform: 'linux/amd64',
        manifest: content,
        config: content,
        layers: [{ ...content, held: false }],
        complete: false,
      },
      { platform: null, manifest: content, config: null, layers: [], complete: true },
    ],
    earlier: { digest: anyImage.digest, checkedAt: '2026-11-20T12:30:00.000Z' },
  };
  const { digest } = anyImage;
  assert.deepEqual(inspectLines(image, now), [
    'docker.io/library/alpine:3.20',
    `  digest     ${digest}`,
    '  type       application/vnd.oci.image.index.v1+json',
    '  state      fresh',
    '  size       1000 B, of which others have 10 B as well',
    '  platforms  linux/amd64',
    '  last used  2h ago (2026-11-21T10:00:00.000Z)',
    '  confirmed  2h ago (2026-11-21T10:00:00.000Z)',
    '  manifest   held',
    `  before     ${digest}, confirmed 1d ago (2026-11-20T12:30:00.000Z)`,
    '',
    'linux/amd64: not held whole',
    `  manifest  ${digest}  2.0 KiB  held`,
    `  config    ${digest}  2.0 KiB  held`,
    `  layer     ${digest}  2.0 KiB  not held`,
    '',
    'no platform: held whole',
    `  manifest  ${digest}  2.0 KiB  held`,
  ]);
});

describe('usage', () => {
  const usage: Usage = {
    directory: '/data',
    maxSize: 1024 ** 3,
    minFree: 2 * 1024 ** 3,
    diskFree: null,
    blobs: { count: 1200, bytes: 500 * 1024 ** 2 },
    manifests: { count: 10, bytes: 12 * 1024 ** 2 },
    incoming: nothing,
    partial: nothing,
    quarantined: nothing,
    pinned: { count: 1, bytes: 1024 },
    catalog: 0,
    repositories: [
      { repository: 'docker.io/library/alpine', tags: 1200, size: 2048, sharedSize: 10 },
      { repository: 'docker.io/acme/app', tags: 1, size: 100, sharedSize: 0 },
    ],
  };

  test('is told in all, then by repository', () => {
    assert.deepEqual(duLines(usage, 20), [
      '/data',
      '  layers, configs   500 MiB  1,200 files',
      '  manifests        12.0 MiB  10 files',
      '  being written         0 B  0 files',
      '  broken off            0 B  0 files',
      '  quarantined           0 B  0 files',
      '  catalog               0 B',
      '  in all            512 MiB  50 % of storage.maxSize 1.0 GiB',
      '  of it pinned      1.0 KiB  1 file',
      '  disk free               -  storage.minFree leaves 2.0 GiB alone',
      '',
      'REPOSITORY                 TAGS     SIZE  SHARED',
      'docker.io/library/alpine  1,200  2.0 KiB    10 B',
      'docker.io/acme/app            1    100 B     0 B',
    ]);
  });

  test('says which repositories it leaves out', () => {
    const lines = duLines({ ...usage, maxSize: null }, 1);
    assert.equal(lines.at(-1), 'and 1 smaller one: --limit 2 shows all');
    assert.ok(lines.some((line) => line.endsWith('no storage.maxSize is set')));
    assert.ok(!lines.join('\n').includes('acme/app'));
  });
});

describe('a purge', () => {
  const removal = { images: ['a:1', 'a:2'], unmatched: [], blobs: 3, bytes: 2048, keptBytes: 1024 };

  test('names what is gone, what is free and what stays', () => {
    assert.deepEqual(removalLines({ ...removal, dryRun: false }), [
      'a:1',
      'a:2',
      '',
      '2 images removed: 3 blobs, 2.0 KiB freed; 1.0 KiB stay, for other images need them',
    ]);
  });

  test('says of a dry run that nothing is gone', () => {
    const lines = removalLines({ ...removal, images: ['a:1'], keptBytes: 0, dryRun: true });
    assert.equal(lines.at(-1), '1 image would be removed: 3 blobs, 2.0 KiB would be freed');
  });

  test('of nothing has nothing to say', () => {
    assert.deepEqual(removalLines({ ...removal, images: [], dryRun: false }), []);
  });
});

test('a collection is told by kind', () => {
  const collection = {
    unreferenced: { count: 2, bytes: 2048 },
    temporary: { count: 1, bytes: 10 },
    quarantined: nothing,
    missing: [anyImage.digest],
    entries: { tags: 1, memberships: 2000, repositories: 0 },
  };
  const lines = collectionLines({ ...collection, dryRun: false });
  assert.deepEqual(lines, [
    '2.0 KiB freed',
    '  unreferenced   2.0 KiB  2 files',
    '  temporary         10 B  1 file',
    '  quarantined        0 B  0 files',
    '  missing files           1 entry',
    '  expired                 1 tag, 2,000 memberships, 0 repositories',
  ]);
  assert.match(collectionLines({ ...collection, dryRun: true })[0] ?? '', /would be freed$/);
});

test('an age is told in its largest unit', () => {
  for (const [milliseconds, text] of [
    [-5000, '0s ago'],
    [59_999, '59s ago'],
    [60_000, '1m ago'],
    [3_600_000, '1h ago'],
    [86_400_000 * 400, '400d ago'],
  ] as const) {
    assert.equal(showAge(new Date(now - milliseconds).toISOString(), now), text);
  }
  assert.equal(showAge(null, now), '-');
});

test('no name moves the cursor of a terminal', () => {
  assert.equal(plainText(['a\u001B[2Jb', 'c\r']), 'a?[2Jb\nc?\n');
});

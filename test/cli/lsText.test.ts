import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lsLines } from '../../src/cli/lsText.ts';
import type { ImageSummary } from '../../src/upkeep/inventory/imageSummary.ts';
import { anyImage } from '../ops/scriptedUpkeep.ts';

const now = Date.parse('2026-11-21T12:30:00Z');
const platforms = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/ppc64le', 'linux/s390x'];
const byDigest: ImageSummary = {
  ...anyImage,
  name: `docker.io/library/alpine@${anyImage.digest}`,
  tag: null,
  freshness: null,
  lastUsedAt: null,
};

describe('a list of images', () => {
  test('stands in columns', () => {
    const images = [
      { ...anyImage, size: 5_000_000, sharedSize: 0 },
      { ...anyImage, name: 'docker.io/acme/app:v1', freshness: 'expired', pinned: true } as const,
      { ...anyImage, complete: false, platforms: [], freshness: 'stale' } as const,
    ];
    assert.deepEqual(lsLines(images, now, undefined), [
      'IMAGE                          PLATFORMS       SIZE  SHARED  LAST USED  STATE',
      'docker.io/library/alpine:3.20  linux/amd64  4.8 MiB     0 B  2h ago     fresh',
      'docker.io/acme/app:v1          linux/amd64   1000 B    10 B  2h ago     expired, pinned',
      'docker.io/library/alpine:3.20  -             1000 B    10 B  2h ago     stale, incomplete',
    ]);
  });

  test('is written out whole where there is no terminal', () => {
    const [, ...rows] = lsLines([{ ...anyImage, platforms }, byDigest], now, undefined);
    assert.ok(rows[0]?.includes(` ${platforms.join(',')} `));
    assert.ok(rows[1]?.startsWith(`docker.io/library/alpine@${anyImage.digest}  `));
  });

  test('shortens platforms to the width of a terminal', () => {
    for (const width of [90, 100, 120]) {
      const lines = lsLines([{ ...anyImage, platforms }, anyImage], now, width);
      assert.ok(lines.every(({ length }) => length <= width));
      assert.match(lines[1] ?? '', / linux\/amd64(,linux\/[^ ]+)* \+\d /);
      assert.ok(lines[1]?.startsWith('docker.io/library/alpine:3.20 '));
    }
    const [, row] = lsLines([{ ...anyImage, platforms }], now, 200);
    assert.ok(row?.includes(` ${platforms.join(',')} `));
  });

  test('shortens digests where that does not do', () => {
    const lines = lsLines([byDigest, { ...anyImage, platforms }], now, 110);
    assert.match(lines[1] ?? '', /^docker\.io\/library\/alpine@sha256:aaaaaaaaaaaa… {2}/);
    assert.ok(lines.every(({ length }) => length <= 110));
  });

  test('says how many platforms there are where there is room for none', () => {
    const [, row] = lsLines(
      [{ ...anyImage, platforms: platforms.map((one) => one.repeat(9)) }],
      now,
      40,
    );
    assert.match(row ?? '', / 5 platforms /);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smallDisk, smallDiskBytes, whySkipped } from '../../store/smallDisk.ts';
import { lastFirst } from '../../support/lifetime.ts';
import { assertInAgreement, bytesOnDisk } from './cacheModelDisk.ts';
import { pullTenfold } from './tenfoldWorkload.ts';

test(
  'ten times what a disk holds is pulled through it within storage.maxSize',
  { skip: whySkipped },
  async (t) => {
    const lifetime = lastFirst(t);
    const maxSize = smallDiskBytes / 2;
    const disk = { directory: await smallDisk(lifetime), bytes: smallDiskBytes };
    let most = 0;
    const { directory, store } = await pullTenfold(lifetime, disk, { maxSize }, () => {
      most = Math.max(most, bytesOnDisk(disk.directory));
    });
    assert.ok(most <= maxSize, `${most} bytes were taken of ${maxSize}`);
    await assertInAgreement(directory, store);
    assert.ok(store.blobs.count > 0, 'nothing was kept');
  },
);

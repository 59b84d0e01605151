import assert from 'node:assert/strict';
import { statfsSync } from 'node:fs';
import { test } from 'node:test';
import { failingDisk, failingDiskBytes, whyNoFailingDisk } from '../store/failingDisk.ts';
import { smallDisk, smallDiskBytes, whySkipped } from '../store/smallDisk.ts';
import { lastFirst, type Lifetime } from '../support/lifetime.ts';
import { assertInAgreement, bytesOnDisk } from '../upkeep/model/cacheModelDisk.ts';
import { pullTenfold, type TestDisk } from '../upkeep/model/tenfoldWorkload.ts';

const mebibyte = 1024 * 1024;
const minFree = 3 * mebibyte;
// The catalog and its log grow by what is noted of what was found room for.
const ofCatalog = mebibyte;

interface FileSystem {
  readonly name: string;
  readonly skip: string | false;
  readonly make: (t: Lifetime) => Promise<TestDisk>;
}

const fileSystems: readonly FileSystem[] = [
  {
    name: 'a tmpfs',
    skip: whySkipped,
    make: async (t) => ({ directory: await smallDisk(t), bytes: smallDiskBytes }),
  },
  {
    name: 'an ext4',
    skip: whyNoFailingDisk,
    make: async (t) => ({ directory: failingDisk(t).directory, bytes: failingDiskBytes }),
  },
];

for (const { name, skip, make } of fileSystems) {
  test(
    `ten times what ${name} holds is pulled through it, and what is to be left free stays free`,
    {
      skip,
    },
    async (t) => {
      const lifetime = lastFirst(t);
      const disk = await make(lifetime);
      let least = Number.POSITIVE_INFINITY;
      const { directory, store } = await pullTenfold(lifetime, disk, { minFree }, () => {
        const { bavail, bsize } = statfsSync(disk.directory);
        least = Math.min(least, bavail * bsize);
      });
      assert.ok(least >= minFree - ofCatalog, `${least} bytes were free of ${minFree}`);
      await assertInAgreement(directory, store);
      assert.ok(store.blobs.count > 0, 'nothing was kept');
    },
  );
}

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

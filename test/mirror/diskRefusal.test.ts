import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDiskRefusal, unlessRefused } from '../../src/mirror/diskRefusal.ts';
import { digestOf } from '../../src/registry/digest.ts';
import { DamagedBlobError } from '../../src/store/blobDamage.ts';
import { StoreFullError } from '../../src/store/storeFullError.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';

const withCode = (code: string, error = new Error('failed')) => Object.assign(error, { code });

test('what a disk answers that has no room, is broken, read-only or gone is a refusal', () => {
  for (const code of ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EACCES', 'ENOENT', 'EMFILE']) {
    assert.equal(isDiskRefusal(withCode(code)), true, code);
  }
  assert.equal(isDiskRefusal(new StoreFullError(1)), true);
  assert.equal(isDiskRefusal(new DamagedBlobError(digestOf(Buffer.from('')), 'gone')), true);
});

test('what the network answers is none, nor is a mistake of the program', () => {
  const network = new UpstreamError('docker.io', 'unreachable', 'may not connect');
  assert.equal(isDiskRefusal(withCode('EACCES', network)), false);
  assert.equal(isDiskRefusal(withCode('ECONNRESET')), false);
  assert.equal(isDiskRefusal(new TypeError('x is not a function')), false);
  assert.equal(isDiskRefusal(undefined), false);
});

test('what a disk refused to note is passed over, and other failures are not', async () => {
  await unlessRefused(Promise.resolve());
  await unlessRefused(Promise.reject(withCode('EROFS')));
  await assert.rejects(unlessRefused(Promise.reject(new Error('a mistake'))), /a mistake/);
});

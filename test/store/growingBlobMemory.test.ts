import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GrowingBlob } from '../../src/store/growingBlob.ts';
import { generatedBlob } from '../support/blobContent.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const mebibyte = 1024 * 1024;

test('memory grows neither with the size of a blob nor with readers that lag behind', async (t) => {
  const content = generatedBlob({ size: 64 * mebibyte, seed: 'memory' });
  const path = join(await temporaryDirectory(t), 'incoming');
  const blob = await GrowingBlob.create(content.digest, path);
  const sources = Array.from({ length: 50 }, () => blob.openSource());
  const before = bytesInUse();
  const buffer = Buffer.alloc(4096);
  for (const chunk of content.chunks(0, content.size)) {
    await blob.append([chunk]);
    for (const source of sources) await source.read(buffer, 0);
  }
  blob.verify();
  const grown = bytesInUse() - before;
  assert.ok(grown < 8 * mebibyte, `${grown} bytes more`);
  await blob.release();
  await Promise.all(sources.map((source) => source.close()));
});

/** What is in use when nothing is left that could be collected. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

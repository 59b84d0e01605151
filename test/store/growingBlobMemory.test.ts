import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { GrowingBlob } from '../../src/store/growingBlob.ts';
import { generatedBlob } from '../support/blobContent.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const mebibyte = 1024 * 1024;
// What the counting itself takes.
const noise = 64 * 1024;

test('memory grows neither with the size of a blob nor with readers that lag behind', async (t) => {
  const content = generatedBlob({ size: 64 * mebibyte, seed: 'memory' });
  const path = join(await temporaryDirectory(t), 'incoming');
  const blob = await GrowingBlob.create(content.digest, path);
  const sources = Array.from({ length: 50 }, () => blob.openSource());
  const before = await bytesInUse();
  const buffer = Buffer.alloc(4096);
  for (const chunk of content.chunks(0, content.size)) {
    await blob.append([chunk]);
    for (const source of sources) await source.read(buffer, 0);
  }
  blob.verify();
  const grown = (await bytesInUse()) - before;
  assert.ok(grown < 8 * mebibyte, `${grown} bytes more`);
  await blob.release();
  await Promise.all(sources.map((source) => source.close()));
});

/**
 * What is in use when nothing is left that could be collected. V8 gives the memory of collected buffers back on
 * a thread of its own, which a busy machine lets wait: asked until it does not get less any more.
 */
async function bytesInUse(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let least = Infinity;
  for (let unchanged = 0; unchanged < 5;) {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const bytes = heapUsed + arrayBuffers;
    unchanged = bytes < least - noise ? 0 : unchanged + 1;
    least = Math.min(least, bytes);
    await setTimeout(50);
  }
  return least;
}

import { mkdir, mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { figuresOf, type Figure } from '../figure.ts';
import { writeLargeStore } from '../largeStoreFiles.ts';
import { compareHits, pathsOf } from '../largeStoreHits.ts';
import type { LargeStoreScale } from '../largeStoreImages.ts';
import { startLargeStoreMirror } from '../largeStoreMirror.ts';
import { spreadOf } from '../report/spread.ts';
import type { Trial } from '../trial.ts';

const many = { blobs: 100_000, tags: 20_000, repositories: 500, seed: 1 };
const few = { blobs: 500, tags: 50, repositories: 5, seed: 1 };
const starts = 3;
const rounds = 12;

/** What it costs to hold 100,000 blobs: hits beside those on a small store, and the start. */
export const scale: Trial = {
  name: 'scale',
  needs: ['wrk'],
  once: true,
  quick: false,
  run: async ({ upstream, signal, progress }) => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'pullthrough-bench-'));
    const make = async (name: string, size: LargeStoreScale): Promise<void> => {
      await mkdir(join(root.path, name));
      await writeLargeStore(join(root.path, name, 'data'), size, Date.now());
    };
    await make('large', many);
    await make('small', few);
    progress('  the stores are made');
    const start = (name: string) =>
      startLargeStoreMirror({
        directory: join(root.path, name),
        upstreamUrl: upstream.url,
        trustedHosts: [],
      });
    const seconds: number[] = [];
    for (let time = 0; time < starts; time += 1) {
      signal.throwIfAborted();
      await using mirror = await start('large');
      seconds.push(mirror.startSeconds);
    }
    await using large = await start('large');
    await using small = await start('small');
    const hits = await compareHits(
      { url: large.url, paths: pathsOf(many) },
      { url: small.url, paths: pathsOf(few) },
      { rounds, seconds: 1, signal },
    );
    const work = '100,000 blobs held';
    const figures: Figure[] = [
      { work, measure: 'start', unit: 's', value: spreadOf(seconds).median },
    ];
    for (const { title, large: rate, ratio } of hits) {
      figures.push({ work, measure: title, unit: 'req/s', value: rate });
      const value = (1 - ratio.median) * 100;
      figures.push({ work, measure: `${title}, slower than with 500`, unit: '%', value });
    }
    return figuresOf('mirror', figures);
  },
};

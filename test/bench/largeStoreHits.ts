import { largeStoreImages, type LargeStoreScale } from './largeStoreImages.ts';
import { load } from './load/wrk.ts';
import { spreadOf, type Spread } from './report/spread.ts';

/** Where an image is found. */
export interface ImagePaths {
  readonly byTag: string;
  readonly byDigest: string;
  readonly blob: string;
}

/** A mirror, and what it holds. */
export interface HitTarget {
  readonly url: string;
  readonly paths: ImagePaths;
}

/** Answers a second of both for the same kind of hit. */
export interface ComparedHit {
  readonly title: string;
  /** Medians. */
  readonly large: number;
  readonly small: number;
  /** Of each pair, which are measured one right after the other. */
  readonly ratio: Spread;
}

const titles = { byTag: 'manifest by tag', byDigest: 'manifest by digest', blob: 'small blob' };

/** Where the first image of a store is found. */
export function pathsOf(scale: LargeStoreScale): ImagePaths {
  const [first] = largeStoreImages(scale);
  if (first === undefined) throw new Error('a store has at least one image');
  const { repository, tag, image } = first;
  const [blob] = image.blobs;
  return {
    byTag: `/v2/${repository}/manifests/${tag}`,
    byDigest: `/v2/${repository}/manifests/${image.manifest.digest}`,
    blob: `/v2/${repository}/blobs/${blob?.digest}`,
  };
}

/**
 * Measures both in turns. A machine's speed drifts by more than what is looked for: the slices are short, and
 * what counts is the median of the ratios of neighbours.
 */
export async function compareHits(
  large: HitTarget,
  small: HitTarget,
  { rounds, seconds, signal }: { rounds: number; seconds: number; signal: AbortSignal },
): Promise<ComparedHit[]> {
  const results: ComparedHit[] = [];
  for (const kind of ['byTag', 'byDigest', 'blob'] as const) {
    const measure = async ({ url, paths }: HitTarget): Promise<number> => {
      const order = { urls: [url + paths[kind]], connections: 32, seconds } as const;
      return (await load(order, signal)).perSecond;
    };
    const pairs: Array<{ readonly large: number; readonly small: number }> = [];
    for (let round = 0; round < rounds; round += 1) {
      if (round % 2 === 0) pairs.push({ large: await measure(large), small: await measure(small) });
      else pairs.push(await measureSmallFirst(large, small, measure));
    }
    results.push({
      title: titles[kind],
      large: spreadOf(pairs.map((pair) => pair.large)).median,
      small: spreadOf(pairs.map((pair) => pair.small)).median,
      ratio: spreadOf(pairs.map((pair) => pair.large / pair.small)),
    });
  }
  return results;
}

async function measureSmallFirst(
  large: HitTarget,
  small: HitTarget,
  measure: (target: HitTarget) => Promise<number>,
): Promise<{ large: number; small: number }> {
  const first = await measure(small);
  return { small: first, large: await measure(large) };
}

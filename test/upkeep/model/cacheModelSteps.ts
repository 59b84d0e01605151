import {
  array,
  boolean,
  constant,
  constantFrom,
  integer,
  nat,
  oneof,
  record,
  uniqueArray,
  type Arbitrary,
} from 'fast-check';
import { images, places } from './cacheModelImages.ts';

/** A pull of what is at a place, by a client of one platform. */
export interface PullPlan {
  readonly place: number;
  readonly by: 'tag' | 'digest';
  readonly platform: number;
}

/** One thing that happens to a cache. */
export type Step =
  | { readonly kind: 'pull'; readonly pulls: readonly PullPlan[] }
  | { readonly kind: 'head'; readonly place: number; readonly by: 'tag' | 'digest' }
  | { readonly kind: 'blob'; readonly place: number; readonly index: number }
  /** The tag is another image's from now on. */
  | { readonly kind: 'move'; readonly place: number; readonly image: number }
  | { readonly kind: 'wait'; readonly minutes: number }
  | { readonly kind: 'pin'; readonly images: readonly number[] }
  | { readonly kind: 'purge'; readonly place: number; readonly all: boolean }
  | { readonly kind: 'collect' }
  | { readonly kind: 'tidy' }
  /** A pull while the blobs that come from upstream end early. */
  | {
      readonly kind: 'cut';
      readonly pull: PullPlan;
      readonly after: number;
      readonly times: number;
    }
  | { readonly kind: 'down' }
  | { readonly kind: 'up' }
  /** The process is gone so many turns of its event loop into these pulls, and another one starts. */
  | { readonly kind: 'kill'; readonly pulls: readonly PullPlan[]; readonly turns: number }
  | { readonly kind: 'restart'; readonly maxSize: number };

/** Bounds that hold some of the images, never all. */
export const bounds = [150_000, 250_000, 400_000] as const;

const place = nat({ max: places.length - 1 });
const by = constantFrom('tag' as const, 'digest' as const);
const pull: Arbitrary<PullPlan> = record({ place, by, platform: nat({ max: 1 }) });
const image = nat({ max: images.length - 1 });
const pulls = array(pull, { minLength: 1, maxLength: 3 });

const step: Arbitrary<Step> = oneof(
  { weight: 12, arbitrary: record({ kind: constant('pull' as const), pulls }) },
  { weight: 2, arbitrary: record({ kind: constant('head' as const), place, by }) },
  {
    weight: 2,
    arbitrary: record({ kind: constant('blob' as const), place, index: nat({ max: 3 }) }),
  },
  { weight: 4, arbitrary: record({ kind: constant('move' as const), place, image }) },
  {
    weight: 4,
    arbitrary: record({
      kind: constant('wait' as const),
      minutes: constantFrom(1, 30, 61, 26 * 60),
    }),
  },
  {
    weight: 2,
    arbitrary: record({
      kind: constant('pin' as const),
      images: uniqueArray(image, { maxLength: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: record({ kind: constant('purge' as const), place, all: boolean() }),
  },
  { weight: 1, arbitrary: constant({ kind: 'collect' as const }) },
  { weight: 2, arbitrary: constant({ kind: 'tidy' as const }) },
  {
    weight: 3,
    arbitrary: record({
      kind: constant('cut' as const),
      pull,
      after: nat({ max: 60_000 }),
      times: integer({ min: 1, max: 8 }),
    }),
  },
  { weight: 2, arbitrary: constant({ kind: 'down' as const }) },
  { weight: 3, arbitrary: constant({ kind: 'up' as const }) },
  {
    weight: 3,
    arbitrary: record({
      kind: constant('kill' as const),
      pulls,
      turns: nat({ max: 60 }),
    }),
  },
  {
    weight: 2,
    arbitrary: record({
      kind: constant('restart' as const),
      maxSize: constantFrom(...bounds),
    }),
  },
);

/** What happens to one cache, from its first start. */
export const history: Arbitrary<Step[]> = array(step, { minLength: 10, maxLength: 40 });

import type { FaultEffects } from '../support/hub/faultTable.ts';
import type { FaultStage } from '../support/hub/faults.ts';
import type { BlobContent } from '../support/blobContent.ts';
import type { Chance } from './chance.ts';

/** One kind of fault, with its details still to be drawn. */
export interface BadWeather {
  /** As the report names it. */
  readonly name: string;
  readonly effects: (chance: Chance) => FaultEffects;
  /** What the fault does to the bytes of a blob, where it makes bytes useless that were or will be sent. */
  readonly spoils?: Spoiling;
  /** For what befalls only transfers that are resumed: first befalls as many that are not, so that they are. */
  readonly leadIn?: (chance: Chance) => FaultEffects;
  /** For effects that depend on the blob that is asked for: these in addition. */
  readonly perBlob?: (blob: BlobContent) => FaultEffects;
}

/**
 * `whole`: found out only when the blob is there to its end, all of which is lost. `so_far`: found out
 * by the answer, which is lost with what was held before it. `again`: what was held before is sent again.
 */
export type Spoiling = 'whole' | 'so_far' | 'again';

const one = (name: string, effects: FaultEffects): BadWeather => ({ name, effects: () => effects });
const status = (code: number): BadWeather => one(String(code), { status: code });

/** What can befall any request before an answer begins. The abuse limit's minute is cut to a second. */
const atAnyStage: readonly BadWeather[] = [
  status(500),
  status(502),
  status(503),
  one('503, Retry-After', { status: 503, headers: { 'retry-after': '1' } }),
  one('429 abuse', { throttle: 'abuse_limit', headers: { 'retry-after': '1' } }),
  one('closed', { refuse: 'fin' }),
  one('reset', { refuse: 'reset' }),
  one('hangs', { delayHeaders: 'hold' }),
  { name: 'late', effects: (chance) => ({ delayHeaders: chance.magnitude(50, 3000) }) },
  one('HTML', { html: true }),
];

/** Leaves something to resume from. */
const brokenLate = (chance: Chance): FaultEffects => ({
  cutAfter: chance.whole(50_000, 1_000_000),
});

/** Breaks of a body, at a few bytes as likely as at a few million. */
const brokenBodies: readonly BadWeather[] = [1, 100_000].flatMap((least) => {
  const bytes = (chance: Chance): number => chance.magnitude(least, 4_000_000);
  return [
    { name: 'cut', effects: (chance) => ({ cutAfter: bytes(chance) }) },
    { name: 'reset in body', effects: (chance) => ({ resetAfter: bytes(chance) }) },
    { name: 'stalled', effects: (chance) => ({ stallAfter: bytes(chance) }) },
    {
      name: 'slow',
      effects: (chance) => ({ slow: { bytesPerSecond: chance.magnitude(3e5, 3e6) } }),
    },
  ] satisfies BadWeather[];
});

/** Bytes that are none of the blob, or more or fewer than there are. */
const wrongBodies: readonly BadWeather[] = [
  { ...one('HTML', { html: true }), spoils: 'so_far' },
  {
    name: 'too long',
    effects: (chance) => ({ wrongLength: chance.whole(1, 1e6) }),
    spoils: 'so_far',
  },
  {
    name: 'too short',
    effects: (chance) => ({ wrongLength: -chance.whole(1, 1e5) }),
    spoils: 'so_far',
  },
  { ...one('other entity', { changedEntity: true }), spoils: 'whole' },
  {
    ...one('other entity when resumed', { changedEntity: true }),
    leadIn: brokenLate,
    spoils: 'whole',
  },
  {
    name: 'last byte wrong',
    effects: () => ({}),
    perBlob: ({ size }) => ({ wrongByteAt: size - 1 }),
    spoils: 'whole',
  },
  {
    name: 'range ignored',
    effects: () => ({ ignoreRange: true }),
    leadIn: brokenLate,
    spoils: 'again',
  },
];

/** After these the mirror leaves the upstream alone for a minute or more, or until it is started again. */
export const lastingWeather: ReadonlyArray<{ stage: FaultStage; weather: BadWeather }> = [
  { stage: 'token', weather: status(401) },
  { stage: 'manifest_head', weather: one('429 bare LF', { throttle: 'abuse_limit_bare_lf' }) },
  { stage: 'blob_redirect', weather: one('429 bare LF', { throttle: 'abuse_limit_bare_lf' }) },
];

/** A row of fair and bad spells that goes on beside the others. */
export interface Lane {
  readonly name: string;
  readonly stage: FaultStage;
  readonly kinds: readonly BadWeather[];
  /** The shortest and the longest fair spell, in pulls. */
  readonly fair: readonly [number, number];
  /** The same of a bad one. */
  readonly bad: readonly [number, number];
  /** How many requests one bad spell may befall. */
  readonly times: readonly number[];
}

const few = [1, 2, 4, 8];

/**
 * What befalls each stage. The mirror asks an upstream that keeps failing less and less often: so that
 * there are fills to befall, more is fair than bad but for the bodies of blobs, of which every other breaks.
 *
 * Left out is what says that an image is private or gone, for then it is gone here (404, 400 and 403 of
 * the registry for manifests, 403 of the token service and of the registry for blobs): that is no fault,
 * and pulls may fail by it.
 */
export const lanes: readonly Lane[] = [
  {
    name: 'token',
    stage: 'token',
    kinds: atAnyStage,
    fair: [60, 160],
    bad: [5, 20],
    times: few,
  },
  {
    name: 'manifest_head',
    stage: 'manifest_head',
    kinds: [...atAnyStage, status(401), one('429 pulls', { throttle: 'pull_limit' })],
    fair: [20, 60],
    bad: [3, 15],
    times: few,
  },
  {
    name: 'manifest_get',
    stage: 'manifest_get',
    kinds: [
      ...atAnyStage,
      status(401),
      one('429 pulls', { throttle: 'pull_limit' }),
      one('cut', { cutAfter: 100 }),
      one('stalled', { stallAfter: 100 }),
      one('too short', { wrongLength: -1 }),
    ],
    fair: [20, 60],
    bad: [5, 20],
    times: few,
  },
  {
    name: 'blob_redirect',
    stage: 'blob_redirect',
    kinds: [
      ...atAnyStage.filter(({ name }) => name !== 'HTML'),
      { ...one('HTML', { html: true }), spoils: 'so_far' },
      status(401),
      status(404),
      one('expired', { expireSignature: true }),
      one('led astray', { redirectTo: 'http://169.254.169.254/latest' }),
    ],
    fair: [10, 40],
    bad: [5, 20],
    times: few,
  },
  {
    name: 'answers with blobs',
    stage: 'blob_body',
    kinds: [
      ...atAnyStage.filter(({ name }) => !['HTML', '429 abuse'].includes(name)),
      status(403),
      status(404),
      status(429),
      one('expired', { expireSignature: true }),
    ],
    fair: [10, 30],
    bad: [5, 20],
    times: few,
  },
  {
    name: 'wrong bytes of blobs',
    stage: 'blob_body',
    kinds: wrongBodies,
    fair: [10, 60],
    bad: [10, 40],
    times: [1, 2],
  },
  {
    name: 'broken bodies of blobs',
    stage: 'blob_body',
    kinds: brokenBodies,
    fair: [0, 3],
    bad: [5, 20],
    times: [4, 8, 16],
  },
];

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client } from 'undici';
import { pullImage } from '../mirror/pulls.ts';
import {
  absent,
  authorizations,
  hidden,
  nothing,
  open,
  secret,
  sharing,
  startTarget,
  type Target,
} from './attack/target.ts';

const minute = 60_000;
// Of the smaller of two medians. What a look at the disk or the upstream adds is several times the whole.
const noise = 0.25;

/** The paths of which the times are compared, and what is done before each pair of requests. */
interface Comparison {
  readonly what: string;
  readonly paths: readonly [string, string];
  readonly authorization?: string;
  readonly times: number;
  readonly before?: (target: Target) => void;
}

const { digest } = secret.manifest;
const layer = secret.layers[1]?.digest;
const comparisons: readonly Comparison[] = [
  ...([undefined, authorizations.bob, authorizations.stranger] as const).flatMap((authorization) =>
    [`manifests/1`, `manifests/${digest}`, `blobs/${layer}`].map((rest) => ({
      what: `${rest.slice(0, 16)} under a private name and an absent one`,
      paths: [`/v2/${hidden}/${rest}`, `/v2/${absent}/${rest}`] as const,
      ...(authorization === undefined ? {} : { authorization }),
      times: 3000,
    })),
  ),
  {
    what: 'the same, when the upstream is asked',
    paths: [`/v2/${hidden}/manifests/${digest}`, `/v2/${absent}/manifests/${digest}`],
    times: 400,
    before: ({ clock }) => clock.advance(2 * minute),
  },
  {
    what: 'a private blob and one that nobody has, under a public name',
    paths: [`/v2/${sharing}/blobs/${layer}`, `/v2/${sharing}/blobs/${nothing.layers[0]?.digest}`],
    times: 400,
  },
  {
    what: 'a private manifest and one that nobody has, under a public name',
    paths: [
      `/v2/${sharing}/manifests/${digest}`,
      `/v2/${sharing}/manifests/${nothing.manifest.digest}`,
    ],
    times: 400,
  },
];

test('how long an answer takes does not tell what is private from what is absent', async (t) => {
  const target = await startTarget(t, true);
  const { mirror, port, pull } = target;
  await pullImage(mirror, sharing, '1', open);
  const digests = secret.blobs.map((blob) => `blobs/${blob.digest}`);
  for (const rest of ['manifests/1', ...digests]) await pull(`/v2/${hidden}/${rest}`);
  const client = new Client(`http://127.0.0.1:${port}`);
  t.after(() => client.close());
  const timed = async (path: string, authorization: string | undefined): Promise<number> => {
    const headers = authorization === undefined ? {} : { authorization };
    const start = performance.now();
    const { body } = await client.request({ method: 'GET', path, headers });
    await body.dump();
    return performance.now() - start;
  };
  for (const { what, paths, authorization, times, before } of comparisons) {
    const taken: [number[], number[]] = [[], []];
    for (let one = 0; one < times * 2; one += 1) {
      before?.(target);
      // Either of them comes first as often as second.
      const which = ((one >> 1) ^ one) & 1 ? 1 : 0;
      const time = await timed(paths[which], authorization);
      // The first ones are slow for all.
      if (one > times / 5) taken[which].push(time);
    }
    const [first, second] = [median(taken[0]), median(taken[1])];
    t.diagnostic(`${what}: ${(first * 1000).toFixed(0)} µs and ${(second * 1000).toFixed(0)} µs`);
    const difference = Math.abs(first - second);
    assert.ok(difference < noise * Math.min(first, second), `${what}: ${first}, ${second} ms`);
  }
});

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}

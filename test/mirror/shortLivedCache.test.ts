import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RegistryError } from '../../src/registry/errors.ts';
import { ShortLivedCache } from '../../src/mirror/shortLivedCache.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { manualClock } from '../support/manualClock.ts';

interface Value {
  readonly text: string;
}

const freshness = 30_000;
const host = 'docker.io';
const staleIfError = 600_000;
const repository = {
  host,
  policy: { tagRules: [], tagFreshness: 0, staleIfError, absentFreshness: 0 },
};

function startCache(options: { maxSize?: number; offline?: boolean } = {}) {
  const clock = manualClock();
  const { maxSize = 10_000, offline = false } = options;
  const cache = new ShortLivedCache<Value>({ freshness, maxSize, offline, now: clock });
  let fetches = 0;
  let failure: Error | undefined;
  const get = async (key = 'key', size = 10) => {
    const { value, outcome } = await cache.get(key, repository, async () => {
      fetches += 1;
      if (failure !== undefined) throw failure;
      return { value: { text: `${key} ${fetches}` }, size };
    });
    return `${value.text} ${outcome}`;
  };
  return {
    clock,
    get,
    fetches: () => fetches,
    failWith: (error: Error | undefined) => {
      failure = error;
    },
  };
}

const unreachable = new UpstreamError(host, 'unreachable', 'no answer');

describe('a value', () => {
  test('is fetched once while it is fresh', async () => {
    const { clock, get } = startCache();
    assert.equal(await get(), 'key 1 miss');
    clock.advance(freshness - 1);
    assert.equal(await get(), 'key 1 hit');
    clock.advance(1);
    assert.equal(await get(), 'key 2 miss');
  });

  test('is fetched once for all who ask at the same time', async () => {
    const { get, fetches } = startCache();
    assert.deepEqual(await Promise.all([get(), get(), get()]), [
      'key 1 miss',
      'key 1 joined',
      'key 1 joined',
    ]);
    assert.equal(fetches(), 1);
  });

  test('is kept for its own key', async () => {
    const { get } = startCache();
    assert.equal(await get('one'), 'one 1 miss');
    assert.equal(await get('two'), 'two 2 miss');
    assert.equal(await get('one'), 'one 1 hit');
  });

  test('is asked for anew when the clock was set back', async () => {
    const { clock, get } = startCache();
    await get();
    clock.advance(-1);
    assert.equal(await get(), 'key 2 miss');
  });

  test('makes room for newer ones', async () => {
    const { get } = startCache({ maxSize: 1200 });
    await get('one');
    await get('two');
    await get('three');
    assert.equal(await get('one'), 'one 4 miss');
  });
});

describe('a failure of the upstream', () => {
  test('is bridged with what is kept, for as long as a tag would be and no longer', async () => {
    const { clock, get, failWith } = startCache();
    await get();
    failWith(unreachable);
    clock.advance(freshness + staleIfError);
    assert.equal(await get(), 'key 1 stale');
    clock.advance(1);
    await assert.rejects(get(), { code: 'UNAVAILABLE' });
  });

  test('is bridged also when it comes as what a client is told', async () => {
    const { clock, get, failWith } = startCache();
    await get();
    failWith(new RegistryError('UNAVAILABLE', { cause: unreachable }));
    clock.advance(freshness);
    assert.equal(await get(), 'key 1 stale');
    assert.equal(await get(), 'key 1 stale');
  });

  test('is told to the client when nothing is kept', async () => {
    const { get, failWith } = startCache();
    failWith(unreachable);
    await assert.rejects(get(), { code: 'UNAVAILABLE' });
  });
});

test('what the upstream says does not exist is not bridged, and forgotten', async () => {
  const { clock, get, failWith } = startCache();
  await get();
  clock.advance(freshness);
  failWith(new RegistryError('NAME_UNKNOWN'));
  await assert.rejects(get(), { code: 'NAME_UNKNOWN' });
  failWith(unreachable);
  await assert.rejects(get(), { code: 'UNAVAILABLE' });
});

test('offline, nothing is fetched', async () => {
  const { get, fetches } = startCache({ offline: true });
  await assert.rejects(get(), { code: 'UNAVAILABLE' });
  assert.equal(fetches(), 0);
});

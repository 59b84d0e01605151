import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OpenUpstreamOptions } from '../../src/upstream/openUpstream.ts';
import { paidAccount, personalAccount } from '../support/hub/accounts.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { account, openHub, reference, repository } from './testUpstream.ts';

const alpine = repository('library/alpine');
const latest = reference('latest');
const minute = 60_000;

/** A Hub and an upstream that asks for the limit ten minutes after it was read last. */
async function openProbed(t: Lifetime, options: Partial<OpenUpstreamOptions> = {}) {
  const clock = manualClock();
  const hub = await startHub(t, { clock });
  for (const name of ['library/alpine', 'ratelimitpreview/test']) {
    hub.addImage(name, buildImage(), { tags: ['latest'] });
  }
  let waiting: { readonly run: () => void; readonly at: number } | undefined;
  const opened = openHub(t, hub, {
    accounts: [account(personalAccount)],
    quotaProbe: 10 * minute,
    now: clock,
    wallNow: clock,
    schedule: (run, milliseconds) => {
      const mine = { run, at: clock() + milliseconds };
      waiting = mine;
      return () => {
        if (waiting === mine) waiting = undefined;
      };
    },
    ...options,
  });
  /** Lets time pass, and with it what is due. */
  const pass = (milliseconds: number): void => {
    const end = clock() + milliseconds;
    while (waiting !== undefined && waiting.at <= end) {
      const { run, at } = waiting;
      waiting = undefined;
      clock.set(at);
      run();
    }
    clock.set(end);
  };
  const heads = (path: string): number =>
    hub.count({ operation: 'manifest_head', status: 200, repository: path });
  return { clock, hub, pass, heads, isWaiting: () => waiting !== undefined, ...opened };
}

/** Settles when the upstream was told so many readings. */
async function readings(
  { observer }: Pick<Awaited<ReturnType<typeof openProbed>>, 'observer'>,
  count: number,
): Promise<readonly string[]> {
  while (observer.readings.length < count) await new Promise(setImmediate);
  return observer.of('rate');
}

test('the limit is asked for again by one free HEAD when nothing was read of it for a while', async (t) => {
  const opened = await openProbed(t);
  const { hub, upstream, pass, heads } = opened;
  await upstream.headManifest(alpine, latest);
  hub.setRemaining('mona', 42);
  pass(10 * minute - 1);
  assert.equal(heads('library/alpine'), 1);
  pass(1);
  const [, probed] = await readings(opened, 2);
  assert.match(probed ?? '', /"remaining":42/);
  assert.deepEqual([heads('library/alpine'), hub.count({ operation: 'manifest_get' })], [2, 0]);
});

test('at Docker Hub the repository that is there for it is asked about', async (t) => {
  const opened = await openProbed(t, { host: 'docker.io' });
  const { upstream, pass, heads } = opened;
  await upstream.headManifest(alpine, latest);
  pass(10 * minute);
  await readings(opened, 2);
  assert.deepEqual([heads('library/alpine'), heads('ratelimitpreview/test')], [1, 1]);
});

test('a reading in between puts it off', async (t) => {
  const opened = await openProbed(t);
  const { upstream, pass, heads } = opened;
  await upstream.headManifest(alpine, latest);
  pass(9 * minute);
  await upstream.headManifest(alpine, latest);
  pass(9 * minute);
  assert.equal(heads('library/alpine'), 2);
  pass(minute);
  await readings(opened, 3);
  assert.equal(heads('library/alpine'), 3);
});

for (const [what, options] of [
  ['an account without a limit', { accounts: [account(paidAccount)], host: 'docker.io' }],
  ['an operator who wants none', { quotaProbe: 0 }],
] as const) {
  test(`${what} is not probed`, async (t) => {
    const { hub, upstream, pass } = await openProbed(t, options);
    await upstream.headManifest(alpine, latest);
    pass(60 * minute);
    // A probe would have been sent before this.
    await upstream.headManifest(alpine, latest);
    await hub.idle();
    assert.equal(hub.count({ operation: 'manifest_head', status: 200 }), 2);
  });
}

test('an upstream that was never asked is not probed', async (t) => {
  const { hub, upstream, pass, heads } = await openProbed(t);
  pass(60 * minute);
  await upstream.headManifest(alpine, latest);
  await hub.idle();
  assert.equal(heads('library/alpine'), 1);
});

test('a probe that fails is repeated as seldom as one that does not, whatever the other accounts need', async (t) => {
  const lisa = { ...personalAccount, username: 'lisa' };
  const accounts = [account(personalAccount), account(lisa)];
  const opened = await openProbed(t, { accounts });
  const { hub, upstream, pass, observer } = opened;
  hub.addAccount(lisa);
  hub.setRemaining('mona', 50);
  await upstream.headManifest(alpine, latest);
  await upstream.headManifest(alpine, latest);
  pass(5 * minute);
  await upstream.headManifest(alpine, latest);
  assert.deepEqual(
    observer.of('rate').map((line) => line.split(' ')[2]),
    ['mona', 'lisa', 'lisa'],
  );
  const failing = hub.fault({ at: 'manifest_head', status: 500 });
  pass(10 * minute);
  while (observer.of('exchanged').filter((one) => one.endsWith('5xx')).length < 2) {
    await new Promise(setImmediate);
  }
  failing.clear();
  await upstream.headManifest(alpine, latest);
  assert.equal(failing.hits, 2, 'mona at ten minutes, lisa at fifteen');
});

test('an account whose pulls were used up is found to be back by a probe', async (t) => {
  const opened = await openProbed(t);
  const { hub, upstream, pass, observer } = opened;
  hub.setRemaining('mona', 1);
  await upstream.getManifest(alpine, latest);
  assert.deepEqual(observer.of('aside'), ['aside hub.test mona pull_limit 60']);
  hub.setRemaining('mona', 200);
  pass(10 * minute);
  await readings(opened, 2);
  assert.deepEqual(observer.of('back'), ['back hub.test mona']);
});

test('nothing is asked any more of an upstream that was let go', async (t) => {
  const { upstream, destroy, isWaiting } = await openProbed(t);
  await upstream.headManifest(alpine, latest);
  assert.ok(isWaiting());
  await destroy();
  assert.ok(!isWaiting());
});

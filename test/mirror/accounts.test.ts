import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { parseGlob, type Glob } from '../../src/registry/glob.ts';
import type { Account } from '../../src/upstream/account.ts';
import type { AccountRules } from '../../src/upstream/accounts.ts';
import { fixedAccount } from '../support/fixedAccount.ts';
import type { Account as HubAccount } from '../support/hub/accounts.ts';
import type { ScriptedHub } from '../support/hub/scriptedHub.ts';
import { buildImage, buildMultiPlatformImage, type ImageContent } from '../support/images.ts';
import { manualClock } from '../support/manualClock.ts';
import { markedSecret } from '../support/secretMark.ts';
import { errorCode, getManifest, pullImage, type Answer } from './pulls.ts';
import { startScene } from './scene.ts';

const mona: HubAccount = personal('mona');
const otto: HubAccount = personal('otto');
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

function personal(username: string): HubAccount {
  return { username, password: markedSecret(`dckr_pat_${username}`), plan: 'personal' };
}

function ours({ username, password }: HubAccount, ...repositories: string[]): Account {
  const account = fixedAccount(username, password);
  return repositories.length === 0 ? account : { ...account, repositories: globs(...repositories) };
}

function globs(...texts: string[]): Glob[] {
  return texts.map((text) => parseGlob(text) ?? assert.fail(`no glob: ${text}`));
}

/** A Hub with both accounts and a mirror that goes by these rules, all by one clock. */
async function start(t: TestContext, rules: AccountRules) {
  const clock = manualClock();
  const { hub, mirror } = await startScene(t, {
    now: clock,
    monotonicNow: clock,
    hub: { clock, accounts: [mona, otto] },
    accountRules: rules,
    privateAccess: 'allow',
    tagFreshness: 24 * hour,
  });
  let images = 0;
  /** An image that nobody has pulled yet; a pull of it costs one. */
  const newImage = (repository = 'library/alpine') => {
    const tag = `v${++images}`;
    const image = buildImage({ seed: tag });
    hub.addImage(repository, image, { tags: [tag] });
    return { repository, tag, image, digest: image.manifest.digest };
  };
  /** Pulls one such image after the other; none may fail. */
  const pullNew = async (times = 1, repository?: string): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      const { tag, image, ...one } = newImage(repository);
      await pullImage(mirror, one.repository, tag, image);
    }
  };
  return { clock, hub, mirror, newImage, pullNew };
}

/** Manifest GETs that the Hub answered for an account. */
function pullsBy(hub: ScriptedHub, account: string | undefined): number {
  return hub.requests.filter(
    (one) => one.operation === 'manifest_get' && one.account === account && one.status === 200,
  ).length;
}

function refusedPulls(hub: ScriptedHub): number {
  return hub.count({ operation: 'manifest_get', status: 429 });
}

function logIns(hub: ScriptedHub, account: HubAccount): number {
  return hub.count({ operation: 'token', account: account.username });
}

function assertThrottled(answer: Answer): void {
  assert.equal(answer.status, 429);
  assert.equal(errorCode(answer), 'TOOMANYREQUESTS');
  assert.ok(
    Number(answer.headers['retry-after']) > 0,
    `Retry-After: ${answer.headers['retry-after']}`,
  );
}

describe('an account whose pulls are used up', () => {
  test('is known by a check of a tag: the other carries on, and no pull fails', async (t) => {
    const { hub, pullNew } = await start(t, { accounts: [ours(mona), ours(otto)] });
    hub.setRemaining('mona', 0);
    await pullNew(5);
    assert.equal(refusedPulls(hub), 0);
    assert.equal(pullsBy(hub, 'otto'), 5);
  });

  test('is asked once where no check came before', async (t) => {
    const { hub, mirror, newImage } = await start(t, { accounts: [ours(mona), ours(otto)] });
    hub.setRemaining('mona', 0);
    for (let time = 0; time < 5; time += 1) {
      const { repository, digest, image } = newImage();
      await pullImage(mirror, repository, digest, image);
    }
    assert.equal(refusedPulls(hub), 1);
    assert.equal(pullsBy(hub, 'otto'), 5);
  });

  test('fails no pull of many clients at once either', async (t) => {
    const { hub, mirror, newImage } = await start(t, { accounts: [ours(mona), ours(otto)] });
    hub.setRemaining('mona', 0);
    const images = Array.from({ length: 30 }, () => newImage());
    await Promise.all(
      images.map((one) => pullImage(mirror, one.repository, one.digest, one.image)),
    );
    assert.equal(pullsBy(hub, 'otto'), 30);
  });

  test('comes after the one with more left, so that both are used up before a pull fails', async (t) => {
    const { hub, mirror, newImage, pullNew } = await start(t, {
      accounts: [ours(mona), ours(otto)],
    });
    hub.setRemaining('mona', 3);
    hub.setRemaining('otto', 4);
    await pullNew(7);
    assert.deepEqual([pullsBy(hub, 'mona'), pullsBy(hub, 'otto')], [3, 4]);
    const { repository, digest } = newImage();
    assertThrottled(await getManifest(mirror, repository, digest));
  });
});

/** Such a mirror, with both accounts used up, one image that is held and one that is wanted. */
async function startUsedUp(t: TestContext) {
  const scene = await start(t, { accounts: [ours(mona), ours(otto)] });
  const { hub, mirror, newImage } = scene;
  const held = newImage();
  await pullImage(mirror, held.repository, held.tag, held.image);
  hub.setRemaining('mona', 0);
  hub.setRemaining('otto', 0);
  const wanted = newImage();
  assertThrottled(await getManifest(mirror, wanted.repository, wanted.digest));
  hub.forget();
  return { ...scene, held, wanted };
}

describe('when the pulls of all accounts are used up', () => {
  test('held images still pull, and others are refused, without a question upstream', async (t) => {
    const { hub, mirror, held, wanted } = await startUsedUp(t);
    await pullImage(mirror, held.repository, held.tag, held.image);
    assertThrottled(await getManifest(mirror, wanted.repository, wanted.digest));
    assertThrottled(await getManifest(mirror, wanted.repository, wanted.digest));
    assert.deepEqual(hub.requests, []);
  });

  test('tags are checked still, which is free, but nothing is pulled', async (t) => {
    const { hub, mirror, newImage } = await startUsedUp(t);
    const { repository, tag } = newImage();
    assertThrottled(await getManifest(mirror, repository, tag));
    assert.equal(hub.count({ operation: 'manifest_head' }), 1);
    assert.equal(hub.count({ operation: 'manifest_get' }), 0);
  });

  test('pulls go on when the window is over', async (t) => {
    const { clock, hub, mirror, wanted } = await startUsedUp(t);
    clock.advance(6 * hour);
    await pullImage(mirror, wanted.repository, wanted.tag, wanted.image);
    assert.equal(hub.count({ operation: 'manifest_get' }), 1);
  });
});

describe('an account whose log-in is refused', () => {
  test('is tried again after a minute, and after twice as long each time up to ten', async (t) => {
    const { clock, hub, pullNew } = await start(t, { accounts: [ours(mona), ours(otto)] });
    hub.removeAccount('mona');
    await pullNew(3);
    assert.equal(logIns(hub, mona), 1);
    for (const [index, minutes] of [1, 2, 4, 8, 10, 10].entries()) {
      clock.advance(minutes * minute - 1);
      await pullNew(2);
      assert.equal(logIns(hub, mona), index + 1, `before ${minutes} min have passed`);
      clock.advance(1);
      await pullNew(2);
      assert.equal(logIns(hub, mona), index + 2, `after ${minutes} min`);
    }
  });

  test('logs in once for many clients at once, whatever they want', async (t) => {
    const { hub, mirror, newImage } = await start(t, { accounts: [ours(mona), ours(otto)] });
    hub.removeAccount('mona');
    const images = Array.from({ length: 20 }, (_, index) => newImage(`library/image-${index}`));
    await Promise.all(images.map((one) => pullImage(mirror, one.repository, one.tag, one.image)));
    assert.equal(logIns(hub, mona), 1);
  });

  test('is tried by one log-in at a time also when its secret was good once', async (t) => {
    const { clock, hub, mirror, newImage, pullNew } = await start(t, {
      accounts: [ours(mona), ours(otto)],
    });
    await pullNew(2);
    hub.revokeSecret('mona', mona.password);
    const counts: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      clock.advance(20 * minute);
      const before = logIns(hub, mona);
      const images = Array.from({ length: 20 }, (_, index) =>
        newImage(`library/round-${round}-${index}`),
      );
      await Promise.all(images.map((one) => pullImage(mirror, one.repository, one.tag, one.image)));
      counts.push(logIns(hub, mona) - before);
    }
    assert.deepEqual(counts.slice(1), [1, 1]);
  });

  test('is used again once it can log in', async (t) => {
    const { clock, hub, pullNew } = await start(t, { accounts: [ours(mona), ours(otto)] });
    hub.removeAccount('mona');
    await pullNew();
    hub.addAccount(mona);
    await pullNew();
    assert.deepEqual([pullsBy(hub, 'mona'), pullsBy(hub, 'otto')], [0, 2]);
    clock.advance(minute);
    await pullNew();
    assert.equal(pullsBy(hub, 'mona'), 1);
  });
});

describe('the repository decides', () => {
  test('which account it is pulled with', async (t) => {
    const { hub, pullNew } = await start(t, {
      accounts: [ours(mona), ours(otto, 'acme/*', 'library/nginx')],
    });
    await pullNew(1, 'library/alpine');
    await pullNew(1, 'acme/app');
    await pullNew(1, 'acme/app/part');
    await pullNew(1, 'library/nginx');
    const by = (account: string) =>
      hub.requests.filter((one) => one.operation === 'manifest_get' && one.account === account);
    assert.deepEqual(
      by('mona').map(({ repository }) => repository),
      ['library/alpine', 'acme/app/part'],
    );
    assert.deepEqual(
      by('otto').map(({ repository }) => repository),
      ['acme/app', 'library/nginx'],
    );
  });

  test('and no other account is asked in the place of one that is meant for it', async (t) => {
    const { hub, mirror, newImage } = await start(t, {
      accounts: [ours(mona), ours(otto, 'acme/*')],
    });
    hub.setRemaining('otto', 0);
    const { repository, tag } = newImage('acme/app');
    assertThrottled(await getManifest(mirror, repository, tag));
    assert.equal(hub.count({ account: 'mona' }), 0);
  });
});

describe('an anonymous client', () => {
  test('takes the place of accounts that cannot be used only if that is configured', async (t) => {
    const { hub, mirror, newImage } = await start(t, { accounts: [ours(mona)] });
    hub.removeAccount('mona');
    const { repository, tag } = newImage();
    assert.equal((await getManifest(mirror, repository, tag)).status, 503);
    assert.equal(hub.count({ status: 200 }), 0);
  });

  test('takes the place of an account that is refused', async (t) => {
    const rules = { accounts: [ours(mona)], anonymousFallback: true };
    const { hub, pullNew } = await start(t, rules);
    hub.removeAccount('mona');
    await pullNew();
    assert.equal(pullsBy(hub, undefined), 1);
  });

  test('takes the place of an account whose pulls are used up, until they are back', async (t) => {
    const rules = { accounts: [ours(mona)], anonymousFallback: true };
    const { clock, hub, pullNew } = await start(t, rules);
    hub.setRemaining('mona', 0);
    await pullNew(3);
    assert.deepEqual([pullsBy(hub, 'mona'), pullsBy(hub, undefined)], [0, 3]);
    clock.advance(6 * hour);
    await pullNew();
    assert.deepEqual([pullsBy(hub, 'mona'), pullsBy(hub, undefined)], [1, 3]);
  });
});

describe('a reserve', () => {
  const rules = { accounts: [ours(mona)], reserve: 10, essential: globs('acme/*') };

  test('is spent on essential repositories alone', async (t) => {
    const { hub, mirror, newImage, pullNew } = await start(t, rules);
    hub.setRemaining('mona', 12);
    await pullNew(2);
    const { repository, tag, digest } = newImage();
    assertThrottled(await getManifest(mirror, repository, tag));
    assertThrottled(await getManifest(mirror, repository, digest));
    await pullNew(10, 'acme/app');
    assert.equal(pullsBy(hub, 'mona'), 12);
    assert.equal(refusedPulls(hub), 0);
  });

  test('holds up no image that is held', async (t) => {
    const { hub, mirror, newImage, pullNew } = await start(t, rules);
    const held = newImage();
    await pullImage(mirror, held.repository, held.tag, held.image);
    hub.setRemaining('mona', 5);
    await pullNew(1, 'acme/app');
    hub.forget();
    await pullImage(mirror, held.repository, held.tag, held.image);
    assert.deepEqual(hub.requests, []);
  });

  test('is as good as none again when the window is over', async (t) => {
    const { clock, hub, mirror, newImage, pullNew } = await start(t, rules);
    hub.setRemaining('mona', 11);
    await pullNew();
    const { repository, tag, image } = newImage();
    assertThrottled(await getManifest(mirror, repository, tag));
    clock.advance(6 * hour);
    await pullImage(mirror, repository, tag, image);
  });
});

describe('of the pulls that the Hub counts', () => {
  const repository = 'library/alpine';
  const image = buildMultiPlatformImage({ seed: 'counted' });

  async function startCounted(t: TestContext) {
    const { hub, mirror, clock } = await start(t, { accounts: [ours(mona)] });
    hub.addImage(repository, image, { tags: ['3.20'] });
    const spentBy = async (work: () => Promise<unknown>): Promise<number> => {
      const before = pullsBy(hub, 'mona');
      await work();
      return pullsBy(hub, 'mona') - before;
    };
    return { hub, mirror, clock, spentBy };
  }

  const pull = (mirror: Parameters<typeof pullImage>[0], tag: string, of: ImageContent) =>
    pullImage(mirror, repository, tag, of);

  test('a cold pull of a multi-platform image by tag spends two, a warm one none', async (t) => {
    const { mirror, spentBy } = await startCounted(t);
    assert.equal(await spentBy(() => pull(mirror, '3.20', image)), 2);
    assert.equal(await spentBy(() => pull(mirror, '3.20', image)), 0);
  });

  test('a pull of what is held under another tag spends none', async (t) => {
    const { hub, mirror, spentBy } = await startCounted(t);
    await pull(mirror, '3.20', image);
    hub.tag(repository, 'latest', image);
    assert.equal(await spentBy(() => pull(mirror, 'latest', image)), 0);
  });

  test('a check of a tag that did not move spends none', async (t) => {
    const { clock, mirror, spentBy } = await startCounted(t);
    await pull(mirror, '3.20', image);
    clock.advance(25 * hour);
    assert.equal(await spentBy(() => pull(mirror, '3.20', image)), 0);
  });

  test('a tag that was moved to another multi-platform image spends two', async (t) => {
    const { clock, hub, mirror, spentBy } = await startCounted(t);
    await pull(mirror, '3.20', image);
    const moved = buildMultiPlatformImage({ seed: 'moved' });
    hub.addImage(repository, moved, { tags: ['3.20'] });
    clock.advance(25 * hour);
    assert.equal(await spentBy(() => pull(mirror, '3.20', moved)), 2);
  });

  test('a tag that was moved to one of its images, which is held, spends none', async (t) => {
    const { clock, hub, mirror, spentBy } = await startCounted(t);
    await pull(mirror, '3.20', image);
    const child = image.children[0] ?? assert.fail('an image of several platforms has children');
    hub.tag(repository, '3.20', child);
    clock.advance(25 * hour);
    assert.equal(await spentBy(() => pull(mirror, '3.20', child)), 0);
  });

  test('a hundred clients spend the same as one', async (t) => {
    const { mirror, spentBy } = await startCounted(t);
    const hundred = () =>
      Promise.all(Array.from({ length: 100 }, () => pull(mirror, '3.20', image)));
    assert.equal(await spentBy(hundred), 2);
    assert.equal(await spentBy(hundred), 0);
  });
});

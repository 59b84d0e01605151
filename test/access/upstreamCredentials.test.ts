import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readBasic } from '../../src/access/login.ts';
import { LogInFailures } from '../../src/access/logInFailures.ts';
import { UpstreamCredentials } from '../../src/access/upstreamCredentials.ts';
import type { MirroredRepository } from '../../src/mirror/mirroredUpstream.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { personalAccount, type Account } from '../support/hub/accounts.ts';
import { startHub } from '../support/hub/scriptedHub.ts';
import { buildImage } from '../support/images.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { manualClock } from '../support/manualClock.ts';
import { markedSecret } from '../support/secretMark.ts';
import { openHub, rejection, repository } from '../upstream/testUpstream.ts';

const second = 1000;
const minute = 60 * second;
const image = buildImage();
const policy = { tagRules: [], tagFreshness: 0, staleIfError: 0, absentFreshness: 0 };
const here = '192.0.2.1';
const mona = basic(personalAccount);

function basic({ username, password }: Pick<Account, 'username' | 'password'>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** A wrong password of mona's, another one for each number. */
function guess(number = 0): string {
  return basic({ ...personalAccount, password: markedSecret(`guess${number}`) });
}

/** A Hub on which mona may read acme/first and acme/second, but not acme/third. */
async function startScene(t: Lifetime) {
  const clock = manualClock();
  const hub = await startHub(t, { clock });
  for (const name of ['acme/first', 'acme/second']) {
    hub.addImage(name, image, { tags: ['latest'], private: true, allowed: ['mona'] });
  }
  hub.addImage('acme/third', image, { tags: ['latest'], private: true });
  const waits: number[] = [];
  const wait = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    clock.advance(milliseconds);
    return Promise.resolve();
  };
  const failures = new LogInFailures({ now: clock, wait });
  const known = new UpstreamCredentials({ failures, now: clock });
  const opened = openHub(t, hub, { now: clock, wallNow: clock });
  const { upstream, credentials } = opened;
  const mirrored = { upstream, credentials, policy, aliases: [], impliesLibrary: false };
  const at = (name: string): MirroredRepository => ({
    ...mirrored,
    host: upstream.host,
    name: repository(name),
  });
  const check = (
    authorization: string,
    of: string | MirroredRepository,
    address = here,
  ): Promise<boolean> => {
    const login = readBasic(authorization);
    assert.ok(login !== undefined);
    return known.check(authorization, login, typeof of === 'string' ? at(of) : of, address);
  };
  const recall = (authorization: string, name: string): boolean | undefined =>
    known.recall(authorization, at(name));
  const tokens = (): number => hub.count({ operation: 'token' });
  return { clock, hub, known, failures, waits, at, check, recall, tokens, ...opened };
}

describe('that the upstream lets somebody pull', () => {
  test('is remembered for 5 minutes, and then asked again', async (t) => {
    const { clock, hub, check, recall } = await startScene(t);
    assert.equal(recall(mona, 'acme/first'), undefined);
    assert.equal(await check(mona, 'acme/first'), true);
    hub.forget();
    clock.advance(5 * minute - 1);
    assert.equal(recall(mona, 'acme/first'), true);
    assert.equal(await check(mona, 'acme/first'), true);
    assert.equal(hub.requests.length, 0);
    hub.makePrivate('acme/first', []);
    clock.advance(1);
    assert.equal(recall(mona, 'acme/first'), undefined);
    assert.equal(await check(mona, 'acme/first'), false);
  });

  test('holds for that very field and that very repository', async (t) => {
    const { check, recall } = await startScene(t);
    await check(mona, 'acme/first');
    assert.equal(recall(mona, 'acme/second'), undefined);
    assert.equal(recall(guess(), 'acme/first'), undefined);
    assert.equal(recall(mona.toUpperCase(), 'acme/first'), undefined);
  });

  test('holds at that very upstream', async (t) => {
    const { hub, check, recall, known, at } = await startScene(t);
    await check(mona, 'acme/first');
    const { upstream, credentials } = openHub(t, hub, { host: 'other.test' });
    const elsewhere = { ...at('acme/first'), host: upstream.host, upstream, credentials };
    assert.equal(known.recall(mona, elsewhere), undefined);
    hub.forget();
    assert.equal(await check(mona, elsewhere), true);
    assert.equal(hub.count({ operation: 'token' }), 2);
    assert.equal(recall(mona, 'acme/first'), true);
  });

  test('is asked once, however many ask at once', async (t) => {
    const { hub, check } = await startScene(t);
    const asked = Array.from({ length: 100 }, () => check(mona, 'acme/first'));
    assert.deepEqual(new Set(await Promise.all(asked)), new Set([true]));
    const answered = (operation: 'token' | 'manifest_head'): number =>
      hub.count({ operation, account: 'mona' });
    // One for the log-in, one for the repository.
    assert.deepEqual([answered('token'), answered('manifest_head')], [2, 1]);
  });

  test('ends when the log-in is refused, whatever was granted before', async (t) => {
    const { clock, hub, check, recall } = await startScene(t);
    await check(mona, 'acme/first');
    clock.advance(4 * minute);
    await check(mona, 'acme/second');
    hub.revokeSecret('mona', personalAccount.password);
    clock.advance(minute);
    assert.equal(recall(mona, 'acme/second'), true);
    assert.equal(await check(mona, 'acme/first'), false);
    assert.equal(recall(mona, 'acme/second'), false);
  });
});

describe('a repository that somebody with the right password can not see', () => {
  test('is denied for 30 s without asking, and then asked for again, the log-in not', async (t) => {
    const { clock, hub, check, recall, tokens } = await startScene(t);
    assert.equal(await check(mona, 'acme/third'), false);
    hub.makePrivate('acme/third', ['mona']);
    clock.advance(30 * second - 1);
    hub.forget();
    assert.equal(recall(mona, 'acme/third'), false);
    assert.equal(await check(mona, 'acme/third'), false);
    assert.equal(tokens(), 0);
    clock.advance(1);
    assert.equal(recall(mona, 'acme/third'), undefined);
    assert.equal(await check(mona, 'acme/third'), true);
    assert.equal(tokens(), 1);
  });

  test('is no failed log-in', async (t) => {
    const { clock, failures, check, waits } = await startScene(t);
    for (let count = 0; count < 10; count++) {
      assert.equal(await check(mona, 'acme/third'), false);
      assert.equal(await check(mona, 'acme/nothing'), false);
      clock.advance(30 * second);
    }
    assert.deepEqual(waits, []);
    assert.equal(failures.isSlowed('mona', here), false);
  });
});

describe('a wrong password', () => {
  test('is refused at the whole upstream for 5 minutes, and asked about once', async (t) => {
    const { clock, check, recall, tokens } = await startScene(t);
    assert.equal(recall(guess(), 'acme/first'), undefined);
    assert.equal(await check(guess(), 'acme/first'), false);
    clock.advance(5 * minute - 1);
    for (const name of ['acme/first', 'acme/second', 'acme/nothing']) {
      assert.equal(recall(guess(), name), false);
      assert.equal(await check(guess(), name), false);
    }
    assert.equal(tokens(), 1);
    clock.advance(1);
    assert.equal(recall(guess(), 'acme/first'), undefined);
    await check(guess(), 'acme/first');
    assert.equal(tokens(), 2);
  });

  test('is one failed log-in at the upstream, however many repositories are asked for at once', async (t) => {
    const { check, tokens } = await startScene(t);
    const names = Array.from({ length: 100 }, (_, index) => `acme/image${index}`);
    const verdicts = await Promise.all(names.map((name) => check(guess(), name)));
    assert.deepEqual(new Set(verdicts), new Set([false]));
    assert.equal(tokens(), 1);
  });

  test('is a failed log-in: the third and all further ones have to wait', async (t) => {
    const { check, failures, waits, tokens } = await startScene(t);
    for (let number = 0; number < 6; number++) await check(guess(number), 'acme/first');
    assert.deepEqual(waits, [500, 1000, 2000]);
    assert.equal(tokens(), 6);
    assert.equal(failures.isSlowed('mona', here), true);
    assert.equal(failures.isSlowed('mona', '198.51.100.1'), true);
  });

  test('is one by logsIn as well', async (t) => {
    const { known, at, failures } = await startScene(t);
    for (let number = 0; number < 3; number++) {
      const login = readBasic(guess(number));
      assert.ok(login !== undefined);
      assert.equal(await known.logsIn(guess(number), login, at('acme/first'), here), false);
    }
    assert.equal(failures.isSlowed('mona', here), true);
  });

  test('is not even sent where too many wait already', async (t) => {
    const { hub, check } = await startScene(t);
    for (let number = 0; number < 8; number++) await check(guess(number), 'acme/first');
    const held = hub.fault({ at: 'token', delayHeaders: 'hold' });
    const others = Array.from({ length: 100 }, (_, index) =>
      check(guess(100 + index), 'acme/first'),
    );
    const outcomes = Promise.allSettled(others);
    const error = await rejection(check(guess(999), 'acme/first'));
    assert.ok(error instanceof RegistryError);
    assert.equal(error.code, 'TOOMANYREQUESTS');
    assert.equal(
      hub.count(({ headers }) => headers.authorization === guess(999)),
      0,
    );
    held.clear();
    assert.ok((await outcomes).some(({ status }) => status === 'rejected'));
  });
});

test('a log-in alone is known by the same verdict, without a repository', async (t) => {
  const { hub, known, at, check } = await startScene(t);
  const login = readBasic(mona);
  assert.ok(login !== undefined);
  assert.equal(await known.logsIn(mona, login, at('acme/third'), here), true);
  assert.equal(hub.count({ operation: 'manifest_head' }), 0);
  hub.forget();
  assert.equal(await check(mona, 'acme/first'), true);
  assert.equal(hub.count({ operation: 'token' }), 1);
});

test('while the upstream can not be asked nothing is known, counted or remembered', async (t) => {
  const { hub, check, recall, failures, clock } = await startScene(t);
  await hub.goDown();
  for (let count = 0; count < 4; count++) {
    const error = await rejection(check(mona, 'acme/first'));
    assert.ok(error instanceof UpstreamError);
    assert.equal(recall(mona, 'acme/first'), undefined);
  }
  assert.equal(failures.isSlowed('mona', here), false);
  await hub.comeUp();
  clock.advance(minute);
  assert.equal(await check(mona, 'acme/first'), true);
});

test('what was granted holds while the upstream is down, and no longer than else', async (t) => {
  const { hub, check, recall, clock } = await startScene(t);
  await check(mona, 'acme/first');
  await hub.goDown();
  clock.advance(5 * minute - 1);
  assert.equal(recall(mona, 'acme/first'), true);
  clock.advance(1);
  assert.equal(recall(mona, 'acme/first'), undefined);
  assert.ok((await rejection(check(mona, 'acme/first'))) instanceof UpstreamError);
});

test('at an upstream that is not asked about clients nobody is let in, and nothing sent', async (t) => {
  const { hub, known, at, check } = await startScene(t);
  const { credentials: _none, ...silent } = at('acme/first');
  const login = readBasic(mona);
  assert.ok(login !== undefined);
  assert.equal(known.recall(mona, silent), false);
  assert.equal(await check(mona, silent), false);
  assert.equal(await known.logsIn(mona, login, silent, here), false);
  assert.equal(hub.requests.length, 0);
});

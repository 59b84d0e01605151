import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LogInFailures } from '../../src/access/logInFailures.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import { waitingClock } from './waitingClock.ts';

const [here, there] = ['192.0.2.1', '198.51.100.2'];

/** Somebody who tries, and sees how long that takes. */
function start() {
  const clock = waitingClock();
  const failures = new LogInFailures(clock);
  const began = clock.now();
  /** An attempt: when it is made, the milliseconds since the start are put into `made`. */
  const attempt = (username: string, address: string, isRight = false) => {
    const made: number[] = [];
    const ended = failures.attempt(username, address, async () => {
      made.push(clock.now() - began);
      return isRight;
    });
    return { made, ended };
  };
  /** Makes an attempt; settles with the milliseconds that it waited. */
  const waitOf = async (username: string, address: string, isRight = false): Promise<number> => {
    const asked = clock.now();
    const { made, ended } = attempt(username, address, isRight);
    await clock.advance(0);
    while (made.length === 0) await clock.advance(250);
    assert.equal(await ended, isRight);
    return clock.now() - asked;
  };
  const fail = async (count: number, username: string, address: string): Promise<void> => {
    for (let done = 0; done < count; done += 1) await waitOf(username, address);
  };
  return { clock, failures, attempt, waitOf, fail };
}

function isTooMany(retryAfter: number) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof RegistryError);
    assert.deepEqual([error.code, error.retryAfter], ['TOOMANYREQUESTS', retryAfter]);
    return true;
  };
}

describe('failures', () => {
  test('cost nothing twice, then 500 ms and twice as much each time, up to 30 s', async () => {
    const { waitOf } = start();
    const waits: number[] = [];
    while (waits.length < 12) waits.push(await waitOf('ann', here));
    const doubling = [500, 1000, 2000, 4000, 8000, 16_000];
    assert.deepEqual(waits, [0, 0, 0, ...doubling, 30_000, 30_000, 30_000]);
  });

  test('slow down an address, whatever the user name', async () => {
    const { failures, fail, waitOf } = start();
    for (const name of ['a', 'b', 'c']) await fail(1, name, here);
    assert.equal(failures.isSlowed('d', here), true);
    assert.equal(failures.isSlowed('d', there), false);
    assert.equal(await waitOf('d', here), 500);
  });

  test('of a user name are not forgiven by the log-ins of one that differs in case alone', async () => {
    const { waitOf } = start();
    const waits: number[] = [];
    for (let guess = 0; guess < 5; guess += 1) {
      await waitOf('ann', here);
      waits.push(await waitOf('Ann', here, true));
    }
    assert.deepEqual(waits, [0, 0, 500, 1000, 2000]);
  });

  test('slow down a user name, whatever the address and the case of the name', async () => {
    const { failures, fail, waitOf } = start();
    for (const address of ['10.0.0.1', '10.0.0.2', '10.0.0.3']) await fail(1, 'ann', address);
    assert.equal(failures.isSlowed('Ann', there), true);
    assert.equal(failures.isSlowed('bob', there), false);
    assert.equal(await waitOf('ANN', there), 500);
  });

  test('slow down the network of an IPv6 address', async () => {
    const { failures, fail } = start();
    for (const name of ['a', 'b', 'c']) await fail(1, name, `2001:db8::${name}`);
    assert.equal(failures.isSlowed('d', '2001:db8:0:0:ffff::1'), true);
    assert.equal(failures.isSlowed('d', '2001:db8:0:1::1'), false);
  });

  test('are forgotten a quarter of an hour after the last one', async () => {
    const { clock, failures, fail } = start();
    await fail(5, 'ann', here);
    await clock.advance(900_000);
    await fail(1, 'ann', here);
    assert.equal(failures.isSlowed('ann', here), true);
    await clock.advance(900_001);
    await fail(2, 'ann', here);
    assert.equal(failures.isSlowed('ann', here), false);
  });

  test('are not counted where nothing could be found out', async () => {
    const { failures } = start();
    for (let count = 0; count < 5; count += 1) {
      const broken = failures.attempt('ann', here, () => Promise.reject(new Error('away')));
      await assert.rejects(broken, /away/);
    }
    assert.equal(failures.isSlowed('ann', here), false);
  });
});

describe('a success', () => {
  test('takes back the failures of its own user name from its own address', async () => {
    const { failures, fail, waitOf } = start();
    await fail(4, 'ann', here);
    assert.equal(await waitOf('ann', here, true), 1000);
    await fail(2, 'ann', here);
    for (const address of [here, there]) assert.equal(failures.isSlowed('ann', address), false);
  });

  test('takes them back once', async () => {
    const { failures, fail, waitOf } = start();
    await fail(2, 'bob', here);
    await fail(2, 'ann', here);
    for (let count = 0; count < 3; count += 1) await waitOf('ann', here, true);
    await fail(1, 'cid', here);
    assert.equal(failures.isSlowed('dan', here), true);
  });

  test('takes back no failures at the names of others: an account is no help to guess', async () => {
    const { failures, fail, waitOf } = start();
    for (let guess = 0; guess < 3; guess += 1) {
      await waitOf('mallory', here, true);
      await fail(1, 'ann', here);
    }
    assert.equal(failures.isSlowed('mallory', here), true);
    assert.equal(failures.isSlowed('ann', there), true);
  });

  test('of the user who is guessed at gives the one who guesses no new attempts', async () => {
    const { fail, waitOf } = start();
    await fail(3, 'ann', here);
    assert.equal(await waitOf('ann', there, true), 500);
    await fail(1, 'ann', here);
    assert.equal(await waitOf('ann', '203.0.113.3'), 1000);
  });

  test('keeps the way open from its address, however many fail from elsewhere', async () => {
    const { failures, fail, waitOf } = start();
    await waitOf('ann', there, true);
    await fail(9, 'ann', here);
    assert.equal(failures.isSlowed('ann', '203.0.113.3'), true);
    assert.equal(failures.isSlowed('ann', there), false);
    assert.equal(await waitOf('ann', there), 0);
  });

  test('does not keep it open for failures from there', async () => {
    const { failures, fail, waitOf } = start();
    await waitOf('ann', there, true);
    await fail(3, 'ann', there);
    assert.equal(failures.isSlowed('ann', there), true);
    assert.equal(failures.isSlowed('ann', here), true);
    assert.equal(await waitOf('ann', there), 500);
  });
});

describe('attempts at the same time', () => {
  test('are as many as may fail for nothing; the others wait, and then for each other', async () => {
    const { clock, attempt } = start();
    const all = Array.from({ length: 6 }, () => attempt('ann', here));
    await clock.advance(0);
    const made = (): number[] => all.flatMap((one) => one.made);
    assert.deepEqual(made(), [0, 0, 0]);
    await clock.advance(499);
    assert.equal(made().length, 3);
    await clock.advance(1);
    assert.deepEqual(made(), [0, 0, 0, 500]);
    await clock.advance(1000);
    await clock.advance(2000);
    assert.deepEqual(made(), [0, 0, 0, 500, 1500, 3500]);
  });

  test('from an address that is slowed keep nobody else from trying the name', async () => {
    const { attempt, fail } = start();
    for (const name of ['a', 'b', 'c', 'd']) await fail(1, name, here);
    const held = Array.from({ length: 3 }, () => attempt('ann', here));
    const { made } = attempt('ann', there);
    await nextTurn();
    assert.equal(made.length, 1);
    assert.deepEqual(
      held.map((one) => one.made),
      [[], [], []],
    );
  });

  test('that would wait for longer than a minute are refused with the time they would wait', async () => {
    const { attempt, fail } = start();
    await fail(12, 'ann', here);
    const waiting = [attempt('ann', here), attempt('ann', here)];
    await nextTurn();
    await assert.rejects(attempt('ann', here).ended, isTooMany(90));
    assert.deepEqual(
      waiting.map(({ made }) => made),
      [[], []],
    );
  });

  test('are a hundred of one address at most', async () => {
    const { failures, end } = await startHeld({ running: 3, waiting: 100, addresses: 1 });
    const next = failures.attempt('ann', '10.0.0.0', async () => true);
    await assert.rejects(next, isTooMany(1));
    assert.equal(await failures.attempt('ann', there, async () => true), true);
    await end();
  });

  test('are a thousand in all at most', async () => {
    const { failures, end } = await startHeld({ running: 60, waiting: 1000, addresses: 20 });
    const next = failures.attempt('ann', there, async () => true);
    await assert.rejects(next, isTooMany(30));
    await end();
    assert.equal(await failures.attempt('ann', there, async () => true), true);
  });
});

/** Attempts for different names that run, and wait, until they are ended; all of them succeed. */
async function startHeld(counts: { running: number; waiting: number; addresses: number }) {
  const { failures } = start();
  const held = Promise.withResolvers<boolean>();
  const attempts = (name: string, count: number): Promise<boolean>[] =>
    Array.from({ length: count }, (_, index) =>
      failures.attempt(`${name}${index}`, `10.0.0.${index % counts.addresses}`, () => held.promise),
    );
  const running = attempts('a', counts.running);
  await nextTurn();
  const waiting = attempts('b', counts.waiting);
  await nextTurn();
  const end = async (): Promise<void> => {
    held.resolve(true);
    assert.ok((await Promise.all([...running, ...waiting])).every(Boolean));
  };
  return { failures, end };
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { costOf, hashPassword } from '../../src/access/bcryptHash.ts';
import { readBasic } from '../../src/access/login.ts';
import { LogInFailures } from '../../src/access/logInFailures.ts';
import { Passwords, type PasswordsOptions } from '../../src/access/passwords.ts';
import { markedSecret } from '../support/secretMark.ts';
import { waitingClock } from './waitingClock.ts';

const [right, wrong] = [markedSecret('right'), markedSecret('wrong')];
const [annHash, newHash, bobHash] = await Promise.all([
  hashPassword(right, 4),
  hashPassword(wrong, 4),
  hashPassword(right, 6),
]);
const here = '192.0.2.1';
const users = new Map([
  ['ann', annHash],
  ['bob', bobHash],
]);
const hour = 3_600_000;

function fieldOf(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Passwords of ann and bob, and a client that tries some. */
function start(options: Partial<PasswordsOptions> = {}) {
  const clock = waitingClock();
  const failures = new LogInFailures(clock);
  const passwords = new Passwords({ hashes: users, failures, now: clock.now, ...options });
  const verify = (username: string, password: string, address = here): Promise<boolean> => {
    const field = fieldOf(username, password);
    const login = readBasic(field) ?? { username, password };
    return passwords.verify(field, login, address);
  };
  const recall = (username: string, password: string): string | undefined =>
    passwords.recall(fieldOf(username, password));
  return { clock, failures, passwords, verify, recall };
}

/** What takes the place of bcrypt: it notes what it is asked, and knows the passwords. */
function noted(answer: (password: string, hash: string) => Promise<boolean> | boolean) {
  const asked: string[] = [];
  const matches = async (password: string, hash: string): Promise<boolean> => {
    asked.push(hash);
    return answer(password, hash);
  };
  return { asked, matches };
}

const byText = (password: string, hash: string): boolean =>
  (password === right && (hash === annHash || hash === bobHash)) ||
  (password === wrong && hash === newHash);

/** A check of ann's password that the file changes in the midst of. */
async function checkDuring(password: string, changed: ReadonlyMap<string, string>) {
  const held = Promise.withResolvers<void>();
  const { matches } = noted(async (text, hash) => {
    await held.promise;
    return byText(text, hash);
  });
  const { passwords, verify, recall } = start({ matches });
  const verified = verify('ann', password);
  await nextTurn();
  passwords.replace(changed);
  held.resolve();
  return { verified: await verified, recalled: recall('ann', password) };
}

describe('a password', () => {
  test('is that of its user, or is not', async () => {
    const { verify } = start();
    assert.equal(await verify('ann', right), true);
    assert.equal(await verify('bob', right), true);
    assert.equal(await verify('ann', wrong), false);
    assert.equal(await verify('eve', right), false);
    assert.equal(await verify('', right), false);
  });

  test('is known by its user name to be one of ours, in whatever case, also after the user was taken out', () => {
    const { passwords } = start();
    passwords.replace(new Map([['Carl', bobHash]]));
    assert.deepEqual(
      ['ann', 'ANN', 'bob', 'carl', 'eve'].map((name) => passwords.has(name)),
      [true, true, true, true, false],
    );
  });

  test('that is too long for bcrypt is nobody’s, and a failure', async () => {
    const hashes = new Map([['ann', await hashPassword('x'.repeat(72), 4)]]);
    const { verify, failures } = start({ hashes });
    assert.equal(await verify('ann', 'x'.repeat(72)), true);
    for (const more of ['a', 'b', 'c']) {
      assert.equal(await verify('ann', `${'x'.repeat(72)}${more}`), false);
    }
    assert.equal(failures.isSlowed('ann', here), true);
  });

  test('of a user whose hash is no bcrypt hash does not exist', async () => {
    const { verify } = start({ hashes: new Map([['ann', right]]) });
    assert.equal(await verify('ann', right), false);
  });

  test('that is wrong costs as much for every user, and for one that there is not', async () => {
    const { asked, matches } = noted(() => false);
    const { verify, passwords } = start({ matches });
    const workFor = async (username: string, password = wrong): Promise<number> => {
      asked.length = 0;
      await verify(username, password, username);
      return asked.reduce((sum, hash) => sum + 2 ** (costOf(hash) ?? 0), 0);
    };
    assert.deepEqual(
      [await workFor('ann'), await workFor('bob'), await workFor('eve')],
      [2 ** 6, 2 ** 6, 2 ** 6],
    );
    passwords.replace(new Map([['ann', annHash]]));
    assert.deepEqual([await workFor('ann', right), await workFor('eve', right)], [2 ** 4, 2 ** 4]);
  });

  test('is not checked sooner than the failures before it allow', async () => {
    const { asked, matches } = noted(byText);
    const { clock, verify, failures } = start({ matches });
    for (const username of ['a', 'b', 'c']) await verify(username, wrong);
    assert.equal(failures.isSlowed('ann', here), true);
    const verified = verify('ann', right);
    await clock.advance(499);
    assert.equal(asked.includes(annHash), false);
    await clock.advance(1);
    assert.equal(await verified, true);
  });

  test('is checked once, however many ask at once, and counts as one failure', async () => {
    const { asked, matches } = noted(byText);
    const { verify, failures } = start({ matches });
    const all = Array.from({ length: 9 }, () => verify('bob', wrong));
    assert.ok((await Promise.all(all)).every((verified) => !verified));
    assert.deepEqual(asked, [bobHash]);
    assert.equal(failures.isSlowed('bob', here), false);
  });

  test('waits while two others are checked', async () => {
    const held = Promise.withResolvers<boolean>();
    const { asked, matches } = noted(() => held.promise);
    const { verify } = start({ matches });
    const all = ['a', 'b', 'c', 'd'].map((name) => verify('bob', name, `10.0.0.${name}`));
    await nextTurn();
    assert.equal(asked.length, 2);
    held.resolve(true);
    assert.deepEqual(await Promise.all(all), [true, true, true, true]);
  });
});

describe('a field that was verified', () => {
  test('is remembered for an hour, at once and without bcrypt', async () => {
    const { asked, matches } = noted(byText);
    const { clock, verify, recall } = start({ matches });
    assert.equal(recall('ann', right), undefined);
    await verify('ann', right);
    await clock.advance(hour - 1);
    assert.equal(recall('ann', right), 'ann');
    assert.equal(await verify('ann', right), true);
    assert.deepEqual(asked, [annHash]);
    await clock.advance(1);
    assert.equal(recall('ann', right), undefined);
    assert.equal(await verify('ann', right), true);
    assert.deepEqual(asked, [annHash, annHash]);
    assert.equal(recall('ann', right), 'ann');
  });

  test('is that very field: neither another password nor another user is taken for it', async () => {
    const { passwords, verify, recall } = start();
    await verify('ann', right);
    await verify('ann', wrong);
    for (const [username, password] of [
      ['ann', wrong],
      ['bob', right],
      ['ann', ''],
    ] as const) {
      assert.equal(recall(username, password), undefined);
    }
    assert.equal(passwords.recall(''), undefined);
  });

  test('lets its user pass where failures slow down others', async () => {
    const { verify, recall } = start();
    await verify('ann', right);
    for (const username of ['a', 'b', 'c']) await verify(username, wrong);
    assert.equal(recall('ann', right), 'ann');
    assert.equal(await verify('ann', right), true);
  });

  test('is forgotten when the user’s hash changes, even if it changes back', async () => {
    const { passwords, verify, recall } = start();
    await verify('ann', right);
    await verify('bob', right);
    passwords.replace(new Map(users).set('ann', newHash));
    assert.deepEqual([recall('ann', right), recall('bob', right)], [undefined, 'bob']);
    passwords.replace(users);
    assert.equal(recall('ann', right), undefined);
  });

  test('is forgotten when the user is taken out of the file', async () => {
    const { passwords, verify, recall } = start();
    await verify('ann', right);
    passwords.replace(new Map([['bob', bobHash]]));
    assert.equal(recall('ann', right), undefined);
    assert.equal(await verify('ann', right), false);
  });

  test('is one of ten thousand, and those used last stay', async () => {
    const { passwords } = start({ matches: async () => true });
    const login = { username: 'ann', password: right };
    for (let count = 0; count < 10_000; count += 1) {
      await passwords.verify(`Basic ${count}`, login, here);
    }
    assert.equal(passwords.recall('Basic 0'), 'ann');
    await passwords.verify('Basic more', login, here);
    assert.deepEqual(
      ['Basic 0', 'Basic 1', 'Basic 2'].map((field) => passwords.recall(field)),
      ['ann', undefined, 'ann'],
    );
  });
});

describe('a field that was refused', () => {
  test('is no guess when it comes again: it costs and counts nothing for a quarter of an hour', async () => {
    const { asked, matches } = noted(byText);
    const { clock, verify, failures } = start({ matches });
    for (let count = 0; count < 9; count += 1) assert.equal(await verify('bob', wrong), false);
    assert.equal(asked.length, 1);
    assert.equal(failures.isSlowed('bob', here), false);
    await clock.advance(900_000);
    assert.equal(await verify('bob', wrong), false);
    assert.equal(asked.length, 2);
  });

  test('is checked anew when the file has another password of the user, or a new user', async () => {
    const { passwords, verify } = start();
    assert.equal(await verify('ann', wrong), false);
    assert.equal(await verify('carl', right), false);
    passwords.replace(new Map(users).set('ann', newHash).set('carl', bobHash));
    assert.equal(await verify('ann', wrong), true);
    assert.equal(await verify('carl', right), true);
  });
});

describe('a file that changes during a check', () => {
  test('takes a password with it that is no longer right', async () => {
    const during = await checkDuring(right, new Map(users).set('ann', newHash));
    assert.deepEqual(during, { verified: false, recalled: undefined });
  });

  test('takes a user with it', async () => {
    const during = await checkDuring(right, new Map([['bob', bobHash]]));
    assert.deepEqual(during, { verified: false, recalled: undefined });
  });

  test('lets a password in that it brings', async () => {
    const during = await checkDuring(wrong, new Map(users).set('ann', newHash));
    assert.deepEqual(during, { verified: true, recalled: 'ann' });
  });

  test('is nothing to a user whom it leaves alone', async () => {
    const during = await checkDuring(right, new Map([['ann', annHash]]));
    assert.deepEqual(during, { verified: true, recalled: 'ann' });
  });
});

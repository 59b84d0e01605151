import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Account } from '../../src/upstream/account.ts';
import { AccountState } from '../../src/upstream/accountState.ts';
import { fixedAccount } from '../support/fixedAccount.ts';
import { manualClock } from '../support/manualClock.ts';
import { manifestCall, testContext } from './testContext.ts';

const minute = 60_000;

function stateOf(account: Account = fixedAccount('mona', 'dckr_pat_mona')) {
  const clock = manualClock();
  const { context, observer } = testContext(clock);
  const state = new AccountState(account, context);
  /** An answer came in to a request of this moment. */
  const read = (remaining: number | undefined, isPull = false): void => {
    const said =
      remaining === undefined ? undefined : { limit: 200, remaining, windowSeconds: 21_600 };
    state.read({ call: manifestCall, said, askedAt: clock(), isPull, isThrottled: false });
  };
  const told = (): readonly string[] => [...observer.of('aside'), ...observer.of('back')];
  return { clock, state, read, told, observer };
}

describe('a log-in that was refused', () => {
  test('is tried again after a minute, and after twice as long each time up to ten', () => {
    const { clock, state, observer } = stateOf();
    for (const minutes of [1, 2, 4, 8, 10, 10]) {
      state.refuse('dckr_pat_mona');
      clock.advance(minutes * minute - 1);
      assert.equal(state.logInPause, 1);
      clock.advance(1);
      assert.equal(state.logInPause, 0);
    }
    const seconds = observer.of('aside').map((line) => Number(line.split(' ').at(-1)));
    assert.deepEqual(seconds, [60, 120, 240, 480, 600, 600]);
  });

  test('counts once for those who were refused at the same time', () => {
    const { clock, state, told } = stateOf();
    state.refuse('dckr_pat_mona');
    state.refuse('dckr_pat_mona');
    clock.advance(minute);
    assert.equal(state.logInPause, 0);
    assert.deepEqual(told(), ['aside hub.test mona refused 60']);
  });

  test('and then accepted makes the next refusal a first one', () => {
    const { clock, state, told } = stateOf();
    state.refuse('dckr_pat_mona');
    clock.advance(minute);
    state.accept();
    state.refuse('dckr_pat_mona');
    assert.equal(state.logInPause, minute);
    assert.equal(told().at(-1), 'back hub.test mona');
  });

  test('is tried again at once with another secret, and not with the same one', async () => {
    let secret = 'old';
    const changing: Account = {
      ...fixedAccount('mona', ''),
      credential: () => Promise.resolve({ username: 'mona', secret }),
    };
    const { state } = stateOf(changing);
    state.refuse('old');
    await state.heedNewSecret();
    assert.equal(state.logInPause, minute);
    secret = 'new';
    await state.heedNewSecret();
    assert.equal(state.logInPause, 0);
  });

  test('for want of a secret is tried again as soon as there is one', async () => {
    let isThere = false;
    const late: Account = {
      ...fixedAccount('mona', ''),
      credential: () =>
        isThere
          ? Promise.resolve({ username: 'mona', secret: 's' })
          : Promise.reject(new Error('ENOENT')),
    };
    const { state } = stateOf(late);
    state.refuse(undefined);
    await state.heedNewSecret();
    assert.equal(state.logInPause, minute);
    isThere = true;
    await state.heedNewSecret();
    assert.equal(state.logInPause, 0);
  });
});

describe('an account that met its pull limit', () => {
  test('is set aside for pulls for the time that was stated, but for log-ins it is not', () => {
    const { clock, state, told } = stateOf();
    state.limit(3600, clock());
    assert.deepEqual([state.pullPause(0), state.logInPause], [3_600_000, 0]);
    assert.deepEqual(told(), ['aside hub.test mona pull_limit 3600']);
  });

  test('is not set aside for longer than six hours, nor for no time at all', () => {
    const { clock, state } = stateOf();
    state.limit(999_999_999, clock());
    assert.equal(state.pullPause(0), 21_600_000);
    const other = stateOf();
    other.state.limit(0, other.clock());
    assert.equal(other.state.pullPause(0), 1000);
  });

  test('is tried again by one pull after a minute, and after twice as long each time up to ten', () => {
    const { clock, state } = stateOf();
    state.limit(undefined, clock());
    for (const minutes of [1, 2, 4, 8, 10, 10]) {
      clock.advance(minutes * minute - 1);
      assert.equal(state.pullPause(0), 1);
      clock.advance(1);
      assert.equal(state.pullPause(0), 0);
      const end = state.beginPull();
      assert.notEqual(state.pullPause(0), 0, 'one trial at a time');
      state.limit(undefined, clock());
      end();
    }
  });

  test('is tried by the next pull when a trial ended without an answer', () => {
    const { clock, state } = stateOf();
    state.limit(undefined, clock());
    clock.advance(minute);
    state.beginPull()();
    assert.equal(state.pullPause(0), 0);
  });

  test('counts once for the pulls that were under way at the same time', () => {
    const { clock, state, told } = stateOf();
    const askedAt = clock();
    clock.advance(50);
    state.limit(undefined, askedAt);
    clock.advance(50);
    state.limit(undefined, askedAt);
    assert.deepEqual(told(), ['aside hub.test mona pull_limit 60']);
  });

  test('is tried again when its window has ended, where that is sooner', () => {
    const { clock, state, read } = stateOf();
    read(1);
    clock.advance(21_600_000 - 20_000);
    state.limit(undefined, clock());
    assert.equal(state.pullPause(0), 20_000);
  });

  for (const [what, remaining, isPull] of [
    ['an answer shows pulls again', 5, false],
    ['a pull goes through without a word of the limit', undefined, true],
  ] as const) {
    test(`is back when ${what}`, () => {
      const { clock, state, read, told } = stateOf();
      state.limit(undefined, clock());
      clock.advance(1);
      read(remaining, isPull);
      assert.equal(state.pullPause(0), 0);
      assert.deepEqual(told().slice(1), ['back hub.test mona']);
    });
  }

  test('is not back by an answer to what was asked before, nor by a HEAD without a word of it', () => {
    const { clock, state, read } = stateOf();
    const askedAt = clock();
    clock.advance(10);
    state.limit(undefined, clock());
    const said = { remaining: 5 };
    state.read({ call: manifestCall, said, askedAt, isPull: true, isThrottled: false });
    read(undefined);
    assert.equal(state.pullPause(0), minute);
  });
});

describe('an answer that shows no pulls left', () => {
  test('sets the account aside for pulls, once', () => {
    const { state, read, told } = stateOf();
    read(0, true);
    read(0);
    assert.equal(state.pullPause(0), minute);
    assert.deepEqual(told(), ['aside hub.test mona pull_limit 60']);
  });
});

describe('a reserve', () => {
  test('is left alone until the window ends or more is seen to be left', () => {
    const { clock, state, read } = stateOf();
    read(11);
    assert.equal(state.pullPause(10), 0);
    read(10);
    assert.equal(state.pullPause(10), 21_600_000);
    assert.equal(state.pullPause(0), 0);
    clock.advance(21_600_000);
    assert.equal(state.pullPause(10), 0);
  });

  test('counts the pulls that are under way', () => {
    const { state, read } = stateOf();
    read(11);
    state.beginPull();
    assert.equal(state.pullPause(10), 21_600_000);
  });

  test('does not bind an account without a known limit', () => {
    assert.equal(stateOf().state.pullPause(10), 0);
  });
});

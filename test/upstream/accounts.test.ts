import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseGlob, type Glob } from '../../src/registry/glob.ts';
import { RegistryError } from '../../src/registry/errors.ts';
import type { Account } from '../../src/upstream/account.ts';
import type { AccountChoice } from '../../src/upstream/accountChoice.ts';
import { Accounts, type AccountRules } from '../../src/upstream/accounts.ts';
import type { AccountState } from '../../src/upstream/accountState.ts';
import { LogInRefused } from '../../src/upstream/logInRefused.ts';
import { UpstreamError, type UpstreamFailure } from '../../src/upstream/upstreamError.ts';
import { fixedAccount } from '../support/fixedAccount.ts';
import { manualClock } from '../support/manualClock.ts';
import { manifestCall, testContext } from './testContext.ts';
import { rejection, repository } from './testUpstream.ts';

const acme = fixedAccount('acme', 'dckr_oat_acme');
const mona = fixedAccount('mona', 'dckr_pat_mona');
const get = manifestCall;
const head = { ...manifestCall, operation: 'manifest_head' } as const;

function globs(...texts: string[]): Glob[] {
  return texts.map((text) => parseGlob(text) ?? assert.fail(text));
}

function accountsOf(...accounts: Account[]) {
  return accountsBy({ accounts });
}

function accountsBy(rules: AccountRules) {
  const clock = manualClock();
  const { context, observer } = testContext(clock);
  const accounts = new Accounts(rules, context);
  const stateOf = (name: string): AccountState =>
    accounts.states.find((state) => state.name === name) ?? assert.fail(name);
  const readRemaining = (name: string, remaining: number): void => {
    const said = { limit: 200, remaining, windowSeconds: 21_600 };
    const about = { call: get, askedAt: clock(), isPull: false, isThrottled: false };
    stateOf(name).read({ said, ...about });
  };
  const first = async (call: typeof get | typeof head = get): Promise<string> =>
    (await accounts.choose(call).next()).state.name;
  return { clock, observer, accounts, stateOf, readRemaining, first };
}

async function assertNobody(
  choice: AccountChoice,
  failure: UpstreamFailure,
  retryAfter: number,
): Promise<UpstreamError> {
  const error = await rejection(choice.next());
  assert.ok(error instanceof UpstreamError, String(error));
  assert.deepEqual([error.failure, error.retryAfter], [failure, retryAfter]);
  return error;
}

describe('the account for a call', () => {
  test('is none where none is configured', async () => {
    assert.equal(await accountsOf().first(), 'anonymous');
  });

  test('is the one with the most pulls left; one of which nothing is known has no bound', async () => {
    const { first, readRemaining } = accountsOf(acme, mona);
    assert.equal(await first(), 'acme');
    readRemaining('acme', 150);
    assert.equal(await first(), 'mona');
    readRemaining('mona', 149);
    assert.equal(await first(), 'acme');
    readRemaining('acme', 20);
    assert.equal(await first(), 'mona');
  });

  test('is one that is meant for the repository, whatever the others have left', async () => {
    const builds = { ...fixedAccount('builds', 's'), repositories: globs('acme/*') };
    const { accounts, first, readRemaining } = accountsOf(acme, builds);
    readRemaining('builds', 1);
    const call = { ...get, repository: repository('acme/app') };
    assert.equal((await accounts.choose(call).next()).state.name, 'builds');
    assert.equal(await first(), 'acme');
  });

  test('is none for a repository that no account is meant for', async () => {
    const { first } = accountsOf({ ...acme, repositories: globs('acme/*') });
    assert.equal(await first(), 'anonymous');
  });

  test('is not one in place of those that are meant for the repository', async () => {
    const builds = { ...fixedAccount('builds', 's'), repositories: globs('acme/*') };
    const { accounts, stateOf } = accountsOf(acme, builds);
    stateOf('builds').refuse('s');
    const call = { ...get, repository: repository('acme/app') };
    await assertNobody(accounts.choose(call), 'credentials_refused', 60);
  });

  test('is never one that was tried in the same call', async () => {
    const { accounts } = accountsOf(acme, mona);
    const choice = accounts.choose(get);
    const names = [(await choice.next()).state.name, (await choice.next()).state.name];
    assert.deepEqual(names, ['acme', 'mona']);
    await rejection(choice.next());
  });
});

describe('an account whose log-in was refused', () => {
  test('is passed over by every call', async () => {
    const { first, stateOf } = accountsOf(acme, mona);
    stateOf('acme').refuse('dckr_oat_acme');
    assert.deepEqual([await first(get), await first(head)], ['mona', 'mona']);
  });

  test('does not log in, nor does one without a secret', async () => {
    const broken = { ...mona, credential: () => Promise.reject(new Error('ENOENT')) };
    const { accounts, stateOf } = accountsOf(acme, broken);
    accounts.refuse(acme, 'dckr_oat_acme');
    assert.ok((await rejection(accounts.credential(acme))) instanceof LogInRefused);
    assert.ok((await rejection(accounts.credential(broken))) instanceof LogInRefused);
    assert.equal(stateOf('mona').logInPause, 60_000);
  });

  test('leaves the credentials refused when there is no other, and nobody goes anonymous', async () => {
    const { accounts, stateOf, clock } = accountsOf(acme, mona);
    stateOf('acme').refuse('dckr_oat_acme');
    clock.advance(10_000);
    stateOf('mona').refuse('dckr_pat_mona');
    await assertNobody(accounts.choose(head), 'credentials_refused', 50);
  });
});

describe('an account whose pulls are used up', () => {
  test('is passed over by pulls, and used for what does not count', async () => {
    const { first, stateOf, clock } = accountsOf(acme, mona);
    stateOf('acme').limit(undefined, clock());
    assert.deepEqual([await first(get), await first(head)], ['mona', 'acme']);
  });

  test('leaves the pull limit when there is no other, with the time until the first is tried', async () => {
    const { accounts, stateOf, clock } = accountsOf(acme, mona);
    stateOf('acme').limit(300, clock());
    stateOf('mona').limit(200, clock());
    await assertNobody(accounts.choose(get), 'pull_limit', 200);
  });

  test('counts for more than another that can not log in', async () => {
    const { accounts, stateOf, clock } = accountsOf(acme, mona);
    stateOf('acme').limit(300, clock());
    stateOf('mona').refuse('dckr_pat_mona');
    await assertNobody(accounts.choose(get), 'pull_limit', 60);
  });
});

describe('asking anonymously', () => {
  test('is the last resort where the operator wants it', async () => {
    const { first, stateOf } = accountsBy({ accounts: [acme], anonymousFallback: true });
    assert.equal(await first(), 'acme');
    stateOf('acme').refuse('dckr_oat_acme');
    assert.equal(await first(), 'anonymous');
  });

  test('has a pull limit of its own', async () => {
    const rules = { accounts: [acme], anonymousFallback: true };
    const { accounts, stateOf, clock } = accountsBy(rules);
    stateOf('acme').limit(300, clock());
    stateOf('anonymous').limit(100, clock());
    await assertNobody(accounts.choose(get), 'pull_limit', 100);
  });
});

describe('a repository that is denied', () => {
  const denial = new RegistryError('NAME_UNKNOWN');

  test('to one account may not be to the next, and is none when all were asked', async () => {
    const { accounts } = accountsOf(acme, mona);
    const choice = accounts.choose(head);
    choice.failed(denial, (await choice.next()).state);
    choice.failed(denial, (await choice.next()).state);
    assert.equal(await rejection(choice.next()), denial);
  });

  test('is not known to be none while an account that may see it can not be asked', async () => {
    const { accounts, stateOf } = accountsOf(acme, mona);
    stateOf('acme').refuse('dckr_oat_acme');
    const choice = accounts.choose(head);
    choice.failed(denial, (await choice.next()).state);
    await assertNobody(choice, 'credentials_refused', 60);
  });

  test('to an anonymous client is not known to be none', async () => {
    const rules = { accounts: [acme], anonymousFallback: true };
    const { accounts, stateOf } = accountsBy(rules);
    stateOf('acme').refuse('dckr_oat_acme');
    const choice = accounts.choose(head);
    choice.failed(denial, (await choice.next()).state);
    await assertNobody(choice, 'credentials_refused', 60);
  });

  test('to an account is not asked about anonymously', async () => {
    const { accounts } = accountsBy({ accounts: [acme], anonymousFallback: true });
    const choice = accounts.choose(head);
    choice.failed(denial, (await choice.next()).state);
    assert.equal(await rejection(choice.next()), denial);
  });
});

describe('the reserve', () => {
  const rules = { accounts: [acme, mona], reserve: 10, essential: globs('library/alpine') };
  const other = { ...get, repository: repository('library/busybox') };

  test('is spent by essential repositories alone', async () => {
    const { accounts, readRemaining, first } = accountsBy(rules);
    readRemaining('acme', 10);
    readRemaining('mona', 3);
    assert.equal(await first(), 'acme');
    const error = await assertNobody(accounts.choose(other), 'pull_limit', 21_600);
    assert.match(error.message, /beyond the 10 in reserve/);
  });

  test('of one account does not bind another that has more', async () => {
    const { accounts, readRemaining } = accountsBy(rules);
    readRemaining('acme', 10);
    readRemaining('mona', 11);
    assert.equal((await accounts.choose(other).next()).state.name, 'mona');
  });

  test('does not concern what does not count', async () => {
    const { accounts, readRemaining } = accountsBy(rules);
    readRemaining('acme', 10);
    readRemaining('mona', 3);
    const call = { ...other, operation: 'manifest_head' } as const;
    assert.equal((await accounts.choose(call).next()).state.name, 'acme');
  });
});

test('a failure that is not about who asked ends the call', async () => {
  const { accounts } = accountsOf(acme, mona);
  const choice = accounts.choose(get);
  const { state } = await choice.next();
  for (const failure of ['abuse_limit', 'unreachable', 'server_error'] as const) {
    const error = new UpstreamError('hub.test', failure, 'no');
    assert.throws(() => choice.failed(error, state), error);
  }
});

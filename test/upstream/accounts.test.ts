import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../src/upstream/account.ts';
import { Accounts, LogInRefused } from '../../src/upstream/accounts.ts';
import { UpstreamError } from '../../src/upstream/upstreamError.ts';
import { manualClock } from '../support/manualClock.ts';
import { rejection } from './testUpstream.ts';

const acme: Account = { name: 'acme', secret: () => 'dckr_oat_acme' };
const mona: Account = { name: 'mona', secret: () => Promise.resolve('dckr_pat_mona') };

function accountsOf(...accounts: Account[]) {
  const clock = manualClock();
  return { clock, accounts: new Accounts({ host: 'docker.io', accounts, now: clock }) };
}

test('without accounts an upstream is asked anonymously', () => {
  assert.equal(accountsOf().accounts.choose(), undefined);
});

test('the first account is used until its log-in is refused, then the next', () => {
  const { accounts } = accountsOf(acme, mona);
  assert.equal(accounts.choose(), acme);
  accounts.refuse(acme);
  assert.equal(accounts.choose(), mona);
});

test('an account is tried again after a minute, and after twice as long each time up to ten', () => {
  const { accounts, clock } = accountsOf(acme, mona);
  for (const minutes of [1, 2, 4, 8, 10, 10]) {
    accounts.refuse(acme);
    clock.advance(minutes * 60_000 - 1);
    assert.equal(accounts.choose(), mona, `before ${minutes} min have passed`);
    clock.advance(1);
    assert.equal(accounts.choose(), acme, `after ${minutes} min`);
  }
});

test('several refusals at the same time count once', () => {
  const { accounts, clock } = accountsOf(acme, mona);
  accounts.refuse(acme);
  accounts.refuse(acme);
  clock.advance(60_000);
  assert.equal(accounts.choose(), acme);
});

test('a log-in that succeeds makes the next refusal a first one', () => {
  const { accounts, clock } = accountsOf(acme, mona);
  accounts.refuse(acme);
  clock.advance(60_000);
  accounts.accept(acme);
  accounts.refuse(acme);
  clock.advance(60_000);
  assert.equal(accounts.choose(), acme);
});

test('when all accounts are set aside the credentials count as refused, and nobody goes anonymous', () => {
  const { accounts } = accountsOf(acme, mona);
  accounts.refuse(acme);
  accounts.refuse(mona);
  assert.throws(
    () => accounts.choose(),
    (error) => error instanceof UpstreamError && error.failure === 'credentials_refused',
  );
});

test('Basic joins name and secret by a colon, in UTF-8', async () => {
  const { accounts } = accountsOf(acme);
  const header = await accounts.basicAuthorization({ name: 'zoë', secret: () => 'a:b' });
  assert.equal(header, `Basic ${Buffer.from('zoë:a:b', 'utf8').toString('base64')}`);
});

test('an account that was set aside since it was chosen does not log in', async () => {
  const { accounts } = accountsOf(acme, mona);
  accounts.refuse(acme);
  assert.ok((await rejection(accounts.basicAuthorization(acme))) instanceof LogInRefused);
});

test('an account whose secret cannot be read is set aside', async () => {
  const broken: Account = {
    name: 'broken',
    secret: () => {
      throw new Error('ENOENT');
    },
  };
  const { accounts } = accountsOf(broken, mona);
  assert.ok((await rejection(accounts.basicAuthorization(broken))) instanceof LogInRefused);
  assert.equal(accounts.choose(), mona);
});

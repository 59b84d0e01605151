import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Token } from '../../src/upstream/token.ts';
import { Tokens } from '../../src/upstream/tokens.ts';
import type { TokenRequest } from '../../src/upstream/tokenService.ts';
import { fixedAccount } from '../support/fixedAccount.ts';
import { manualClock } from '../support/manualClock.ts';
import { rejection } from './testUpstream.ts';

const alpine: TokenRequest = {
  account: undefined,
  credential: undefined,
  realm: 'https://auth.docker.io/token',
  service: 'registry.docker.io',
  scopes: ['repository:library/alpine:pull'],
};

function tokensOf(maximum?: number) {
  const clock = manualClock();
  const asked: TokenRequest[] = [];
  const request = (tokenRequest: TokenRequest): Promise<Token> => {
    asked.push(tokenRequest);
    const obtainedAt = clock();
    return Promise.resolve({
      text: `token ${asked.length}`,
      obtainedAt,
      renewAt: obtainedAt + 270_000,
    });
  };
  const more = maximum === undefined ? {} : { maximum };
  return { clock, asked, tokens: new Tokens({ request, now: clock, ...more }) };
}

test('many waiters share one request, and later ones its token', async () => {
  const { tokens, asked } = tokensOf();
  const all = await Promise.all(Array.from({ length: 50 }, () => tokens.get(alpine)));
  all.push(await tokens.get(alpine));
  assert.deepEqual([...new Set(all.map(({ text }) => text))], ['token 1']);
  assert.equal(asked.length, 1);
});

test('a token is used until its renewal is due, and not a moment longer', async () => {
  const { tokens, clock } = tokensOf();
  await tokens.get(alpine);
  clock.advance(269_999);
  assert.equal((await tokens.get(alpine)).text, 'token 1');
  clock.advance(1);
  assert.equal((await tokens.get(alpine)).text, 'token 2');
});

test('account, realm, service and scopes each have tokens of their own', async () => {
  const { tokens, asked } = tokensOf();
  const credential = { username: 'acme', secret: 's' };
  const account = fixedAccount('acme', 's');
  for (const other of [
    {},
    { account, credential },
    { realm: 'https://other.example/token' },
    { service: undefined },
    { scopes: ['repository:library/busybox:pull'] },
  ]) {
    await tokens.get({ ...alpine, ...other });
  }
  assert.equal(asked.length, 5);
});

test('a dropped token is replaced, but its successor is not dropped with it', async () => {
  const { tokens } = tokensOf();
  const first = await tokens.get(alpine);
  tokens.drop(alpine, first);
  assert.equal((await tokens.get(alpine)).text, 'token 2');
  tokens.drop(alpine, first);
  assert.equal((await tokens.get(alpine)).text, 'token 2');
});

test('the tokens that an account got with its secret before are dropped', async () => {
  const { tokens, asked } = tokensOf();
  const account = fixedAccount('acme', '');
  const before = { ...alpine, account, credential: { username: 'acme', secret: 'old' } };
  const after = { ...alpine, account, credential: { username: 'acme', secret: 'new' } };
  await tokens.get(alpine);
  await tokens.get(before);
  assert.equal((await tokens.get(after)).text, 'token 3');
  assert.equal((await tokens.get(after)).text, 'token 3');
  assert.equal((await tokens.get(before)).text, 'token 4', 'it is not kept either');
  assert.equal((await tokens.get(alpine)).text, 'token 1', 'that of nobody stays');
  assert.equal(asked.length, 4);
});

test('a request with another secret does not join one that is under way', async () => {
  const { tokens, asked } = tokensOf();
  const account = fixedAccount('acme', '');
  const secrets = ['old', 'new'];
  await Promise.all(
    secrets.map((secret) =>
      tokens.get({ ...alpine, account, credential: { username: 'acme', secret } }),
    ),
  );
  assert.deepEqual(
    asked.map(({ credential }) => credential?.secret),
    secrets,
  );
});

test('only so many tokens are kept', async () => {
  const { tokens, asked } = tokensOf(1);
  const busybox = { ...alpine, scopes: ['repository:library/busybox:pull'] };
  await tokens.get(alpine);
  await tokens.get(busybox);
  await tokens.get(alpine);
  assert.equal(asked.length, 3);
});

test('a failure is not kept', async () => {
  const clock = manualClock();
  let failing = true;
  const request = (): Promise<Token> =>
    failing
      ? Promise.reject(new Error('503'))
      : Promise.resolve({ text: 'token', obtainedAt: 0, renewAt: Infinity });
  const tokens = new Tokens({ request, now: clock });
  assert.match(String(await rejection(tokens.get(alpine))), /503/);
  failing = false;
  assert.equal((await tokens.get(alpine)).text, 'token');
});

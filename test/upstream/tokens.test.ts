import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Token } from '../../src/upstream/token.ts';
import { Tokens } from '../../src/upstream/tokens.ts';
import type { TokenRequest } from '../../src/upstream/tokenService.ts';
import { manualClock } from '../support/manualClock.ts';
import { rejection } from './testUpstream.ts';

const alpine: TokenRequest = {
  account: undefined,
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
  const account = { name: 'acme', secret: () => 's' };
  for (const other of [
    {},
    { account },
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

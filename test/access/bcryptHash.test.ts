import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from 'bcrypt';
import {
  costOf,
  hashOfNothing,
  hashPassword,
  matchesHash,
  passwordFault,
} from '../../src/access/bcryptHash.ts';
import { markedSecret } from '../support/secretMark.ts';

const password = markedSecret('pässword');
// Made by "htpasswd -nbB -C 4" of Apache 2.4.
const byHtpasswd = '$2y$04$xlHRldSAg5WxZFdrWpV81eQ8cO7mXiP54N7Trr7LLh1D3BI5V4ZxK';

test('a password matches the hash that was made of it, under each of its names', async () => {
  const made = await hashPassword(password, 4);
  for (const name of ['$2y$', '$2b$', '$2a$']) {
    const named = made.replace('$2y$', name);
    assert.equal(await matchesHash(password, named), true, name);
    assert.equal(await matchesHash(`${password}!`, named), false, name);
  }
});

test('a hash that htpasswd made is matched', async () => {
  assert.equal(await matchesHash('of the test', byHtpasswd), true);
});

test('a hash has the name that htpasswd gives it, and the cost asked for', async () => {
  assert.match(await hashPassword(password, 5), /^\$2y\$05\$[./A-Za-z0-9]{53}$/);
});

test('a password longer than bcrypt reads never matches, and is not hashed', async () => {
  const [longest, longer] = ['é'.repeat(36), `${'é'.repeat(36)}x`];
  const truncated = await hash(longer, 4);
  assert.equal(await matchesHash(longest, truncated), true);
  assert.equal(await matchesHash(longer, truncated), false);
  assert.match(passwordFault(longer) ?? '', /has 73 bytes, and bcrypt reads only 72/);
  await assert.rejects(hashPassword(longer, 4), /73 bytes/);
});

test('a password with a control character never matches, and is not hashed', async () => {
  for (const text of ['pass\0word', 'pass\nword']) {
    assert.equal(await matchesHash(text, await hash(text, 4)), false);
    await assert.rejects(hashPassword(text, 4), /has a control character/);
  }
});

test('the cost is read from a hash, and from nothing else', () => {
  assert.equal(costOf(byHtpasswd), 4);
  assert.equal(costOf(hashOfNothing(12)), 12);
  for (const text of ['', '$apr1$abc$def', `${byHtpasswd}x`, byHtpasswd.replace('$2y', '$2x')]) {
    assert.equal(costOf(text), undefined, text);
  }
});

test('a hash of nothing is taken for a hash, is another each time, and matches nothing', async () => {
  const [one, other] = [hashOfNothing(4), hashOfNothing(4)];
  assert.notEqual(one, other);
  for (let count = 0; count < 100; count += 1) assert.equal(costOf(hashOfNothing(4)), 4);
  assert.equal(await matchesHash('', one), false);
  // The library says so of what it can't read, too, but at once: it hashes with this salt.
  const salt = one.slice(0, 29);
  assert.equal((await hash('x', salt)).length, one.length);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogInFailures } from '../../src/access/logInFailures.ts';
import { LogIns, type CredentialVerdicts } from '../../src/access/logIns.ts';
import { Passwords } from '../../src/access/passwords.ts';
import type { MirroredRepository } from '../../src/mirror/mirroredUpstream.ts';
import { markedSecret } from '../support/secretMark.ts';
import { basicOf } from './matrix/clients.ts';
import { waitingClock } from './waitingClock.ts';

const right = markedSecret('right');
const someHash = '$2b$04$';
const hashes = new Map([['ann', someHash]]);
// Whom the far side is asked about is all that is looked at.
const anywhere = {} as MirroredRepository;

const matches = (password: string, hash: string): Promise<boolean> =>
  Promise.resolve(password === right && hash === someHash);

/** Log-ins of ann, and of whoever is known upstream. */
function start() {
  const clock = waitingClock();
  const failures = new LogInFailures(clock);
  const passwords = new Passwords({ hashes, failures, now: clock.now, matches });
  const shown: string[] = [];
  const take = (_field: string, { username }: { readonly username: string }) => {
    shown.push(username);
    return Promise.resolve(true);
  };
  const upstreamCredentials: CredentialVerdicts = {
    recall: () => undefined,
    check: take,
    logsIn: take,
  };
  const logIns = new LogIns({ passwords, upstreamCredentials });
  const logIn = async (username: string, password = right) => {
    const authorization = basicOf(username, password);
    const client = { address: '', authorization, certificateName: undefined, isSafe: true };
    const identities = [
      await logIns.toPull(client, anywhere),
      await logIns.toAnything(client, anywhere),
    ];
    return identities.map((identity) => identity?.by);
  };
  const isSlowed = () => failures.isSlowed('', '');
  return { logIn, logIns, isSlowed, passwords, shown };
}

describe('the password of a user', () => {
  test('is shown to no upstream, right or wrong', async () => {
    const { logIn, shown } = start();
    assert.deepEqual(await logIn('ann'), ['password', 'password']);
    assert.deepEqual(await logIn('ann', 'wrong'), [undefined, undefined]);
    assert.deepEqual(shown, []);
  });

  test('is shown to none where the name is written in another case', async () => {
    const { logIn, shown } = start();
    assert.deepEqual(await logIn('ANN'), [undefined, undefined]);
    assert.deepEqual(shown, []);
  });

  test('is shown to none after the user was taken out of the file', async () => {
    const { logIn, passwords, shown } = start();
    passwords.replace(new Map([['bob', someHash]]));
    passwords.replace(new Map());
    assert.deepEqual(await logIn('ann'), [undefined, undefined]);
    assert.deepEqual(await logIn('bob'), [undefined, undefined]);
    assert.deepEqual(shown, []);
  });

  test('is not what others have: theirs are for the upstream to judge', async () => {
    const { logIn, shown } = start();
    assert.deepEqual(await logIn('eve'), ['upstream', 'upstream']);
    assert.deepEqual(shown, ['eve', 'eve']);
  });
});

test('credentials of others count as no wrong password where only users may log in', async () => {
  const { logIns, isSlowed, shown } = start();
  for (const username of ['eve', 'mona', 'paul']) {
    const authorization = basicOf(username, right);
    const client = { address: '', authorization, certificateName: undefined, isSafe: true };
    assert.equal(await logIns.asUser(client), undefined);
  }
  assert.equal(isSlowed(), false);
  assert.deepEqual(shown, []);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { matchesHash } from '../../src/access/bcryptHash.ts';
import { markedSecret } from '../support/secretMark.ts';
import { runCli, runHere } from './runCli.ts';

const secret = markedSecret('pass wörd');

describe('hash-password', () => {
  test('prints the line of a user for an htpasswd file', async (t) => {
    const { code, stdout, stderr } = await runCli(t, ['hash-password', 'zoë'], {}, `${secret}\n`);
    assert.deepEqual([code, stderr], [0, '']);
    const [, hash = ''] = /^zoë:(\$2y\$10\$[./A-Za-z0-9]{53})\n$/.exec(stdout) ?? [];
    assert.equal(await matchesHash(secret, hash), true);
  });

  test('prints the hash alone without a user, of the cost that is asked for', async (t) => {
    const { code, stdout } = await runCli(t, ['hash-password', '--cost', '4'], {}, secret);
    assert.equal(code, 0);
    assert.match(stdout, /^\$2y\$04\$[./A-Za-z0-9]{53}\n$/);
  });

  test('exits with 1 for what can’t be a password, and does not show it', async (t) => {
    const long = `${secret}${'x'.repeat(72)}`;
    const { code, stdout, stderr } = await runCli(t, ['hash-password', 'ann'], {}, long);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /^pullthrough: the password has \d+ bytes, and bcrypt reads only 72/);
  });

  const wrong: Readonly<Record<string, readonly [string[], RegExp]>> = {
    'a cost that is too low': [['--cost', '3'], /--cost takes a number from 4 to 17/],
    'a cost that is too high': [['--cost', '18'], /--cost takes a number from 4 to 17/],
    'a cost that is no number': [['--cost', 'ten'], /--cost takes a number from 4 to 17/],
    'an empty user': [[''], /USER has no colon/],
    'a user with a colon': [['a:b'], /USER has no colon/],
    'a user with a line break': [['a\nb'], /USER has no colon/],
    'a user that would be a comment': [['#a'], /USER has no colon/],
    'a user that begins with a space': [[' a'], /USER has no colon/],
    'a password as an argument, which it does not show': [['ann', secret], /takes fewer arguments/],
  };
  for (const [name, [args, message]] of Object.entries(wrong)) {
    test(`exits with 2 for ${name}`, async () => {
      const { code, stdout, stderr } = await runHere(['hash-password', ...args]);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, message);
    });
  }
});

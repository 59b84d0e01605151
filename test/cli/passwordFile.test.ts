import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { hashPassword } from '../../src/access/bcryptHash.ts';
import { readBasic } from '../../src/access/login.ts';
import { LogInFailures } from '../../src/access/logInFailures.ts';
import { openPasswords } from '../../src/cli/passwordFile.ts';
import { createLogger } from '../../src/ops/logger.ts';
import type { Lifetime } from '../support/lifetime.ts';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';

const secrets = [markedSecret('old'), markedSecret('new')] as const;
const [oldHash, newHash] = await Promise.all(secrets.map((secret) => hashPassword(secret, 4)));
const now = (): number => performance.now();

/** An htpasswd file with ann's old password, the passwords of it, and what was logged. */
async function open(t: Lifetime) {
  const file = join(await temporaryDirectory(t), 'htpasswd');
  await writeFile(file, `ann:${oldHash}\n`);
  const destination = new PassThrough();
  const logger = createLogger({ level: 'info', format: 'json', destination });
  const logged = (): Record<string, unknown>[] =>
    (destination.read() ?? '')
      .toString()
      .split('\n')
      .filter((line: string) => line !== '')
      .map((line: string) => JSON.parse(line) as Record<string, unknown>);
  const failures = new LogInFailures({ now });
  const { passwords, renewal } = await openPasswords(file, { failures, now, logger });
  const verify = async (username: string, password: string): Promise<boolean> => {
    const field = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const login = readBasic(field);
    return login !== undefined && passwords.verify(field, login, '192.0.2.1');
  };
  return { file, passwords, renewal, verify, logged };
}

test('a changed password is taken into use, and told of once', async (t) => {
  const { file, renewal, verify, logged } = await open(t);
  assert.equal(await verify('ann', secrets[0]), true);
  await writeFile(file, `ann:${newHash}\n`);
  await renewal.look();
  await renewal.look();
  assert.equal(await verify('ann', secrets[0]), false);
  assert.equal(await verify('ann', secrets[1]), true);
  const [line, ...more] = logged();
  assert.deepEqual([line?.['file'], line?.['users'], more.length], [file, 1, 0]);
});

test('a user who is added can log in', async (t) => {
  const { file, renewal, verify } = await open(t);
  await writeFile(file, `ann:${oldHash}\nbob:${oldHash}\n`);
  await renewal.look();
  assert.equal(await verify('bob', secrets[0]), true);
});

test('a file that says the same in another way is no change', async (t) => {
  const { file, renewal, logged } = await open(t);
  await writeFile(file, `# Users\n\nann:${oldHash}`);
  await renewal.look();
  assert.deepEqual(logged(), []);
});

test('a user who is taken out can log in no more', async (t) => {
  const { file, renewal, verify } = await open(t);
  assert.equal(await verify('ann', secrets[0]), true);
  await writeFile(file, '# nobody\n');
  await renewal.look();
  assert.equal(await verify('ann', secrets[0]), false);
});

test('a broken file leaves the users from before, and is told of once, by its lines', async (t) => {
  const { file, renewal, verify, logged } = await open(t);
  await writeFile(file, `bob:${secrets[1]}\n`);
  await renewal.look();
  await renewal.look();
  assert.equal(await verify('ann', secrets[0]), true);
  const lines = logged();
  assert.equal(lines.length, 1);
  const reason = String(lines[0]?.['reason']);
  assert.match(reason, /^access\.htpasswdFile \(\S+\): line 1: expected a bcrypt hash/);
  assert.ok(!reason.includes(secrets[1]));
});

test('a file that is gone leaves the users from before', async (t) => {
  const { file, renewal, verify, logged } = await open(t);
  await rm(file);
  await renewal.look();
  assert.equal(await verify('ann', secrets[0]), true);
  assert.match(String(logged()[0]?.['reason']), /^access\.htpasswdFile \(\S+\): .*no such file$/);
});

test('a file that can’t be used to begin with is an error', async (t) => {
  const { file } = await open(t);
  await writeFile(file, 'ann\n');
  const failures = new LogInFailures({ now });
  const logger = createLogger({ level: 'silent', format: 'json' });
  await assert.rejects(openPasswords(file, { failures, now, logger }), /line 1: expected/);
});

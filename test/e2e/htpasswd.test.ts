import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readBasic } from '../../src/access/login.ts';
import { LogInFailures } from '../../src/access/logInFailures.ts';
import { Passwords } from '../../src/access/passwords.ts';
import { runCli } from '../cli/runCli.ts';
import { markedSecret } from '../support/secretMark.ts';
import { temporaryDirectory } from '../support/temporaryDirectory.ts';
import { unlessInstalled } from './support/requireProgram.ts';
import { runCommand } from './support/runCommand.ts';

const skip = unlessInstalled(['htpasswd']);
const secret = markedSecret('pass wörd');
const now = (): number => performance.now();

test('Apache’s htpasswd takes the line that hash-password prints', { skip }, async (t) => {
  const file = join(await temporaryDirectory(t), 'htpasswd');
  const { stdout } = await runCli(t, ['hash-password', 'ann'], {}, `${secret}\n`);
  await writeFile(file, stdout);
  await runCommand('htpasswd', ['-vb', file, 'ann', secret]);
  await assert.rejects(runCommand('htpasswd', ['-vb', file, 'ann', `${secret}!`]));
});

for (const cost of [[], ['-C', '10']]) {
  test(
    `a line of "htpasswd ${['-nbB', ...cost].join(' ')}" lets its user in`,
    { skip },
    async () => {
      const line = await runCommand('htpasswd', ['-nbB', ...cost, 'ann', secret]);
      const [name = '', hash = ''] = line.trim().split(':');
      const hashes = new Map([[name, hash]]);
      const passwords = new Passwords({ hashes, failures: new LogInFailures({ now }), now });
      const verify = async (password: string): Promise<boolean> => {
        const field = `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`;
        const login = readBasic(field);
        return login !== undefined && passwords.verify(field, login, '192.0.2.1');
      };
      assert.equal(await verify(secret), true);
      assert.equal(await verify(`${secret}!`), false);
    },
  );
}

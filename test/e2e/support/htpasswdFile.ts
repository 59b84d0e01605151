import { writeFile } from 'node:fs/promises';
import type { Login } from './dockerRegistry.ts';
import { runCommand } from './runCommand.ts';

/** Writes a file of users as Apache's own `htpasswd -B` makes it. */
export async function writeHtpasswd(path: string, logins: readonly Login[]): Promise<void> {
  const lines = logins.map(({ username, password }) =>
    runCommand('htpasswd', ['-niB', username], { input: password }),
  );
  await writeFile(path, (await Promise.all(lines)).join(''));
}

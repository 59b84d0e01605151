/**
 * Searches files for the secrets that tests use: `searchForSecrets.ts FILE…`. Exits with 1 and says where,
 * when one holds any. For all that a run of the tests printed, which is all that was logged there too.
 */
import { readFile } from 'node:fs/promises';
import { assertHoldsNoSecret } from '../support/secretMark.ts';

for (const file of process.argv.slice(2)) {
  try {
    assertHoldsNoSecret(file, await readFile(file, 'utf8'));
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

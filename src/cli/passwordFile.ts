import { readFile } from 'node:fs/promises';
import type { Logger } from 'pino';
import { hashOfNothing, matchesHash } from '../access/bcryptHash.ts';
import type { LogInFailures } from '../access/logInFailures.ts';
import { Passwords } from '../access/passwords.ts';
import { parseHtpasswd } from '../config/htpasswd.ts';
import { describeReadFailure } from '../config/readFailure.ts';
import { FileRenewal } from './fileRenewal.ts';

/** The bcrypt hash of each user's password, by user name. */
type Hashes = ReadonlyMap<string, string>;

/** The passwords of the users, and what keeps them up to date. */
export interface OpenedPasswords {
  readonly passwords: Passwords;
  /** To be started. */
  readonly renewal: FileRenewal<Hashes>;
}

/** What {@link openPasswords} needs beside the file. */
export interface PasswordFileOptions {
  readonly failures: LogInFailures;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
  readonly logger: Logger;
}

/**
 * Reads the htpasswd file of `access.htpasswdFile`, and keeps the passwords up to date with it: a file that can't be
 * read or used leaves the users from before, and is logged. Rejects when it can't be used to begin with, or
 * when bcrypt does not run on this machine.
 */
export async function openPasswords(
  file: string,
  { failures, now, logger }: PasswordFileOptions,
): Promise<OpenedPasswords> {
  const hashes = await readHashes(file);
  await requireBcrypt();
  const passwords = new Passwords({ hashes, failures, now });
  const renewal = new FileRenewal({
    first: hashes,
    read: () => readHashes(file),
    isSame,
    use: (changed) => {
      passwords.replace(changed);
      logger.info({ file, users: changed.size }, 'the users were read again');
    },
    failed: (error) => {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ reason }, 'the changed users cannot be used; those from before stay');
    },
  });
  return { passwords, renewal };
}

async function readHashes(file: string): Promise<Hashes> {
  const { hashes, faults } = parseHtpasswd(await readText(file));
  if (hashes !== undefined) return hashes;
  const lines = faults.map(({ line, message }) => `line ${line}: ${message}`);
  throw new Error(`access.htpasswdFile (${file}): ${lines.join('; ')}`);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = describeReadFailure(error);
    throw new Error(`access.htpasswdFile (${file}): ${reason}`, { cause: error });
  }
}

/** What has no binary for this machine says so at the start, and not to the first who logs in. */
async function requireBcrypt(): Promise<void> {
  await matchesHash('', hashOfNothing(4));
}

function isSame(one: Hashes, other: Hashes): boolean {
  return one.size === other.size && [...one].every(([user, hash]) => other.get(user) === hash);
}

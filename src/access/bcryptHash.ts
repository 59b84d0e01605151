import { randomBytes } from 'node:crypto';
import { controlCharacter } from './login.ts';

/** Bytes of a password that bcrypt reads; it takes no notice of those that follow. */
export const longestPassword = 72;

const format = /^\$2[aby]\$(\d\d)\$([./A-Za-z0-9]{53})$/;
const length = 53;

/** The cost of a bcrypt hash, the logarithm of how much work it is; `undefined` for what is none. */
export function costOf(hash: string): number | undefined {
  const [, cost] = format.exec(hash) ?? [];
  return cost === undefined ? undefined : Number(cost);
}

/**
 * What keeps a text from being a password, for people; `undefined` when nothing does. Of a longer one bcrypt would
 * silently leave out the end, so that a shorter one would do as well. One with a control character is sent by no
 * client, and a NUL would end it.
 */
export function passwordFault(password: string): string | undefined {
  const bytes = Buffer.byteLength(password);
  if (bytes > longestPassword) {
    return `the password has ${bytes} bytes, and bcrypt reads only ${longestPassword}: take a shorter one`;
  }
  if (controlCharacter.test(password)) return 'the password has a control character in it';
  return undefined;
}

/** Whether a password is the one that a bcrypt hash was made of. It takes its time, in the thread pool. */
export async function matchesHash(password: string, hash: string): Promise<boolean> {
  if (passwordFault(password) !== undefined) return false;
  // A mirror without users does without its 4 ms and 1 MB, and runs where there is no binary of it.
  const { compare } = await import('bcrypt');
  // What htpasswd and PHP call 2y, OpenBSD and this library call 2b: 2a without the faults of its first makers.
  return compare(password, hash.replace(/^\$2y\$/, '$2b$'));
}

/**
 * Makes the bcrypt hash of a password, as `htpasswd -B` does; `cost` is from 4 to 31.
 * @throws {Error} with {@link passwordFault}
 */
export async function hashPassword(password: string, cost: number): Promise<string> {
  const fault = passwordFault(password);
  if (fault !== undefined) throw new Error(fault);
  const { hash } = await import('bcrypt');
  return (await hash(password, cost)).replace(/^\$2b\$/, '$2y$$');
}

/** A hash of this cost that no password has: to check against it takes as long as against any other. */
export function hashOfNothing(cost: number): string {
  // Any 53 characters are a salt and a hash. That a password fits is as likely as to guess 184 random bits.
  const characters = randomBytes(length).toString('base64').replaceAll('+', '.').slice(0, length);
  return `$2b$${String(cost).padStart(2, '0')}$${characters}`;
}

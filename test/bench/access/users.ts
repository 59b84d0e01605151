import { availableParallelism } from 'node:os';
import { hashPassword } from '../../../src/access/bcryptHash.ts';
import { markedSecret } from '../../support/secretMark.ts';

/** Somebody in the htpasswd file of a mirror. */
export interface BenchUser {
  readonly name: string;
  /** The field that logs the user in. */
  readonly authorization: string;
  /** The user's line of the file. */
  readonly line: string;
}

// From the least that bcrypt has to what htpasswd files have that are taken seriously.
const costs = [4, 5, 6, 7, 8, 9, 10] as const;

/** So many users, with hashes of all costs. */
export async function makeUsers(count: number): Promise<BenchUser[]> {
  const users: BenchUser[] = [];
  for (let number = 0; number < count; number += availableParallelism()) {
    const some = Array.from({ length: Math.min(availableParallelism(), count - number) });
    users.push(...(await Promise.all(some.map((_, index) => makeUser(number + index)))));
  }
  return users;
}

async function makeUser(number: number): Promise<BenchUser> {
  const name = `user-${number}`;
  const password = markedSecret(`password-${number}`);
  const encoded = Buffer.from(`${name}:${password}`).toString('base64');
  const hash = await hashPassword(password, costs[number % costs.length] ?? 4);
  return { name, authorization: `Basic ${encoded}`, line: `${name}:${hash}` };
}

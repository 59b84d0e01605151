import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from './repository.ts';

/** The mirror's address in the files of `config/clients`. */
export const exampleAddress = 'mirror.example:5000';

/** A file of `config/clients`, made to point at the mirror at `address`: the tests use what users are given. */
export async function clientFile(name: string, address: string): Promise<string> {
  const text = await readFile(join(repositoryRoot, 'config/clients', name), 'utf8');
  if (!text.includes(exampleAddress)) throw new Error(`${name} doesn't name ${exampleAddress}`);
  return text.replaceAll(exampleAddress, address);
}

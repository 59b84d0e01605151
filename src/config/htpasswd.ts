/** What stands in an htpasswd file: the hash of each user's password, or everything that is wrong with it. */
export type HtpasswdReading =
  | { readonly hashes: ReadonlyMap<string, string>; readonly faults: readonly [] }
  | { readonly hashes: undefined; readonly faults: readonly HtpasswdFault[] };

/** What is wrong with a line. It shows nothing of the line, whatever that may be. */
export interface HtpasswdFault {
  /** Counted from 1. */
  readonly line: number;
  /** What was expected. */
  readonly message: string;
}

interface Entry {
  readonly line: number;
  readonly user: string;
  readonly hash: string;
}

// Modular crypt format: two digits for the cost, of which htpasswd makes 17 the highest (one check of 31 would take
// a day, and a wrong password costs as much for every user), then 22 characters of salt and 31 of the hash itself.
const bcrypt = /^\$2[aby]\$(?:0[4-9]|1[0-7])\$[./A-Za-z0-9]{53}$/;

/**
 * Reads the text of an htpasswd file, as Apache's `htpasswd -B` writes it: `user:hash`, a line a user. Empty
 * lines and those that begin with `#` say nothing. Only bcrypt is taken, as by CNCF Distribution: other
 * hashes of a file that got about are soon guessed.
 */
export function parseHtpasswd(text: string): HtpasswdReading {
  const entries = text
    .split('\n')
    // Less the rest of a line's end and the mark of a file's start that Windows writes.
    .map((line, index) => entryOf(line.trim(), index + 1))
    .filter((entry) => entry !== undefined);
  const lines = new Map<string, number>();
  const faults: HtpasswdFault[] = [];
  for (const { line, user, hash } of entries) {
    const message = faultOf(user, hash, lines.get(user));
    if (message !== undefined) faults.push({ line, message });
    if (!lines.has(user)) lines.set(user, line);
  }
  if (faults.length > 0) return { hashes: undefined, faults };
  return { hashes: new Map(entries.map(({ user, hash }) => [user, hash])), faults: [] };
}

function entryOf(text: string, line: number): Entry | undefined {
  if (text === '' || text.startsWith('#')) return undefined;
  const colon = text.indexOf(':');
  return { line, user: text.slice(0, Math.max(colon, 0)), hash: text.slice(colon + 1) };
}

function faultOf(user: string, hash: string, lineBefore: number | undefined): string | undefined {
  if (user === '') return 'expected a user, a colon and the bcrypt hash of a password';
  if (lineBefore !== undefined)
    return `expected each user once, and line ${lineBefore} has this one`;
  if (bcrypt.test(hash)) return undefined;
  return 'expected a bcrypt hash of cost 4 to 17, as "htpasswd -B" or "pullthrough hash-password" makes it';
}

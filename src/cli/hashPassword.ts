import { hashPassword as makeHash, passwordFault } from '../access/bcryptHash.ts';
import { flagText, UsageError, type Command, type CommandContext } from './command.ts';
import { PasswordInputError, readPassword } from './passwordInput.ts';

const [lowestCost, defaultCost, highestCost] = [4, 10, 17];

/** The `hash-password` command. */
export const hashPassword: Command = {
  name: 'hash-password',
  summary: 'Make a line for the file of access.htpasswdFile from a password.',
  details: [
    'The password is asked for, twice, and not shown; or it is the only line of standard input, where that is',
    'no terminal. It is never an argument: those are seen by every user of the machine. It has 72 bytes at',
    'most, for bcrypt reads no more. "htpasswd -nB USER" makes such a line as well.',
    '',
    'Without USER it prints the hash alone.',
  ],
  arguments: ['[USER]'],
  hidesSurplus: true,
  options: {
    cost: {
      type: 'string',
      value: 'N',
      description: `The work for a check, doubled by each step from ${lowestCost} to ${highestCost} (${defaultCost}).`,
    },
  },
  run: async (context) => {
    const cost = readCost(context);
    const prefix = readUser(context);
    try {
      const password = await readPassword(process.stdin, context.stderr);
      const fault = passwordFault(password);
      if (fault !== undefined) throw new PasswordInputError(fault);
      context.stdout.write(`${prefix}${await makeHash(password, cost)}\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof PasswordInputError)) throw error;
      context.stderr.write(`pullthrough: ${error.message}\n`);
      return 1;
    }
  },
};

function readCost(context: CommandContext): number {
  const text = flagText(context, 'cost') ?? String(defaultCost);
  const cost = /^\d{1,2}$/.test(text) ? Number(text) : 0;
  if (cost >= lowestCost && cost <= highestCost) return cost;
  throw new UsageError(`--cost takes a number from ${lowestCost} to ${highestCost}`);
}

/** What stands before the hash in the line of a user. */
function readUser({ arguments: [user] }: CommandContext): string {
  if (user === undefined) return '';
  // What the file would read as something else, and HTTP Basic (RFC 7617) has no room for.
  if (/^[^\s#:\p{Cc}][^:\p{Cc}]*$/u.test(user)) return `${user}:`;
  throw new UsageError(
    'USER has no colon and no control character, and begins with no "#" or space',
  );
}

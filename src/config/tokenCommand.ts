import { Secret } from './secret.ts';

/** A program that prints a token, and what it is run with. Any of its arguments may be a password for it. */
export interface TokenCommand {
  readonly program: string;
  readonly arguments: readonly Secret[];
}

/** A command as it is written: the program, then its arguments. */
export function tokenCommandOf([program = '', ...args]: readonly string[]): TokenCommand {
  return { program, arguments: args.map((text) => new Secret(text)) };
}

/** The command in the form of a file, its arguments masked. */
export function showTokenCommand({ program, arguments: args }: TokenCommand): string[] {
  return [program, ...args.map(String)];
}

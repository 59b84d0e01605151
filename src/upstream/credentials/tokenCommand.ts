import type { Credential } from '../account.ts';
import { CredentialError } from './credentialError.ts';
import type { CredentialFailed, CredentialSource } from './credentialSource.ts';
import { KeptCredential } from './keptCredential.ts';
import { readProgramAnswer } from './programAnswer.ts';
import { runProgram } from './runProgram.ts';

/** A command that prints a token. */
export interface TokenCommandOptions {
  /** For a command that prints the token alone. */
  readonly username: string;
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds for which the token is used. */
  readonly life: number;
  readonly failed: CredentialFailed;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Milliseconds after which the command is killed; 10 s unless given. */
  readonly timeout?: number;
}

/** What a command prints: the token, or the JSON of a credential helper, whose user name is then used. */
export function tokenCommand(options: TokenCommandOptions): CredentialSource {
  const kept = new KeptCredential({ ...options, get: () => ask(options) });
  return () => kept.read();
}

async function ask(options: TokenCommandOptions): Promise<Credential> {
  const { username, program } = options;
  const { code, output } = await runProgram(options);
  if (code !== 0) throw new CredentialError(`${program} ended with exit code ${code}`);
  const answer = readProgramAnswer(output) ?? { username, secret: output.trim() };
  if (answer.secret === '') throw new CredentialError(`${program} printed nothing`);
  return { username: answer.username ?? username, secret: answer.secret };
}

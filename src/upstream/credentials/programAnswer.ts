import { parseJsonObject, textOf } from '../../registry/jsonObject.ts';
import type { Credential } from '../account.ts';

/** A credential as a program prints it, the user name where it names one. */
export interface ProgramAnswer extends Omit<Credential, 'username'> {
  readonly username: string | undefined;
}

/**
 * Reads the JSON of Docker's credential helpers, `{"Username": …, "Secret": …}`; `undefined` when the text is
 * anything else.
 */
export function readProgramAnswer(output: string): ProgramAnswer | undefined {
  const answer = parseJsonObject(Buffer.from(output, 'utf8'));
  const secret = answer && textOf(answer, 'Secret');
  return answer && secret
    ? { username: textOf(answer, 'Username') || undefined, secret }
    : undefined;
}

import type { Credential } from '../account.ts';
import { CredentialError } from './credentialError.ts';
import { readProgramAnswer } from './programAnswer.ts';
import { runProgram } from './runProgram.ts';

/** One of Docker's credential helpers, and what it is asked for. */
export interface CredentialHelper {
  /** The program is `docker-credential-` and this. */
  readonly name: string;
  /** The registry as the helper knows it: a host, or Docker Hub's `https://index.docker.io/v1/`. */
  readonly server: string;
}

/** How the helper is run. */
export interface HelperSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Milliseconds after which it is killed; 10 s unless given. */
  readonly timeout?: number;
}

// docker-credential-helpers, credentials/error.go: a failure's message comes on the standard output.
const absent = 'credentials not found in native keychain';

/**
 * Asks a credential helper by the protocol of docker-credential-helpers: the server on its standard input,
 * JSON on its standard output.
 */
export async function askCredentialHelper(
  { name, server }: CredentialHelper,
  surroundings: HelperSurroundings,
): Promise<Credential> {
  const program = `docker-credential-${name}`;
  const { code, output } = await runProgram({
    ...surroundings,
    program,
    arguments: ['get'],
    input: `${server}\n`,
  });
  if (code !== 0) {
    const isAbsent = output.trim() === absent;
    const what = isAbsent ? `has no credential for ${server}` : `failed with exit code ${code}`;
    throw new CredentialError(`${program} ${what}`);
  }
  const { username, secret } = readProgramAnswer(output) ?? {};
  if (username === undefined || secret === undefined) {
    throw new CredentialError(`${program} printed no user name and secret`);
  }
  if (username === '<token>') {
    throw new CredentialError(
      `${program} has an identity token for ${server}, which is not supported: log in with an access token`,
    );
  }
  return { username, secret };
}

import { CredentialError } from './credentialError.ts';
import type { CredentialFailed, CredentialSource } from './credentialSource.ts';
import { WatchedFile } from './watchedFile.ts';

/** What a token file is read with. */
export interface TokenFileOptions {
  readonly username: string;
  readonly path: string;
  /** The token that it held when the process started. */
  readonly first?: string | undefined;
  readonly failed: CredentialFailed;
}

/** The token of a file, without the newline that editors put at its end. */
export function tokenFile({ username, ...options }: TokenFileOptions): CredentialSource {
  const file = new WatchedFile({ ...options, parse: parseToken });
  return async () => ({ username, secret: await file.read() });
}

function parseToken(content: Buffer): string {
  const token = content.toString('utf8').replace(/(\r?\n)+$/, '');
  if (token === '') throw new CredentialError('the file is empty');
  return token;
}

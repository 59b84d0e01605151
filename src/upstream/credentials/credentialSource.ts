import type { Credential } from '../account.ts';
import type { CredentialError } from './credentialError.ts';

/**
 * Where an account's credential comes from. It is asked for each time a credential is needed, and rejected
 * with a {@link CredentialError} only while none is known.
 */
export type CredentialSource = () => Promise<Credential>;

/** Is told when a source fails, once until it works again; what was known before goes on being used. */
export type CredentialFailed = (error: CredentialError) => void;

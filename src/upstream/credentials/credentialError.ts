/** Why an account's credential could not be got. Its message holds neither a secret nor a program's output. */
export class CredentialError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CredentialError';
  }
}

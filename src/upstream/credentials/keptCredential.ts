import type { Credential } from '../account.ts';
import { SingleFlight } from '../singleFlight.ts';
import { CredentialError } from './credentialError.ts';
import type { CredentialFailed } from './credentialSource.ts';

/** What a credential is kept by. */
export interface KeptCredentialOptions {
  /** Gets it, at some cost; throws a {@link CredentialError}. */
  readonly get: () => Promise<Credential>;
  /** Milliseconds for which it is used. */
  readonly life: number;
  readonly failed: CredentialFailed;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

// A program that fails is not run again for every request that would need it.
const pauseAfterFailure = 30_000;

/** A credential that is costly to get: kept for its life, and got once for many waiters. */
export class KeptCredential {
  readonly #options: KeptCredentialOptions;
  readonly #flights = new SingleFlight<'credential', void>();
  #known: Credential | undefined;
  #failure: CredentialError | undefined;
  #renewAt = -Infinity;

  constructor(options: KeptCredentialOptions) {
    this.#options = options;
  }

  /** The credential. One that can't be got again stays in force; throws when there never was one. */
  async read(): Promise<Credential> {
    if (this.#options.now() >= this.#renewAt) {
      await this.#flights.run('credential', () => this.#renew()).promise;
    }
    if (this.#known !== undefined) return this.#known;
    throw this.#failure ?? new CredentialError('there is no credential');
  }

  async #renew(): Promise<void> {
    const { get, life, failed, now } = this.#options;
    try {
      this.#known = await get();
      this.#failure = undefined;
      this.#renewAt = now() + life;
    } catch (error) {
      if (!(error instanceof CredentialError)) throw error;
      if (this.#failure === undefined) failed(error);
      this.#failure = error;
      this.#renewAt = now() + pauseAfterFailure;
    }
  }
}

import { LogInRefused } from './logInRefused.ts';

/**
 * Lets one log-in at a time through until one with the secret in question was accepted, then all: a hundred
 * calls at once with a wrong password would be a hundred refusals, and lock the user name.
 */
export class FirstLogIn {
  #accepted: string | undefined;
  #underWay: Promise<unknown> | undefined;

  /** Runs a log-in with the secret when it may; it fails when it was not accepted. */
  async run<T>(secret: string, logIn: () => Promise<T>): Promise<T> {
    while (this.#accepted !== secret && this.#underWay !== undefined) await this.#underWay;
    if (this.#accepted === secret) return await this.#again(secret, logIn);
    const running = logIn();
    this.#underWay = running.then(ignore, ignore);
    try {
      const result = await running;
      this.#accepted = secret;
      return result;
    } finally {
      this.#underWay = undefined;
    }
  }

  /** A secret that was good may be revoked: from then on it is on trial again. */
  async #again<T>(secret: string, logIn: () => Promise<T>): Promise<T> {
    try {
      return await logIn();
    } catch (error) {
      if (error instanceof LogInRefused && this.#accepted === secret) this.#accepted = undefined;
      throw error;
    }
  }
}

function ignore(): void {
  // Whoever began it deals with its outcome.
}

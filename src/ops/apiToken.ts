import { createHash, timingSafeEqual } from 'node:crypto';

/** The token that a caller of the API shows. Only its hash is kept, so that no dump of this process has it. */
export class ApiToken {
  readonly #hash: Buffer;

  constructor(token: string) {
    this.#hash = hashOf(token);
  }

  /**
   * Whether this is the token. How long that takes depends neither on where the two differ nor, since hashes
   * are of one length, on how long the token is.
   */
  matches(shown: string): boolean {
    return timingSafeEqual(hashOf(shown), this.#hash);
  }
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * Why something could not be done: `invalid`, it makes no sense as it was asked; `not_found`, there is no
 * such image; `incomplete`, not all of it is held; `busy`, it is being done already; `failed`, anything else.
 */
export type UpkeepFailure = 'invalid' | 'not_found' | 'incomplete' | 'busy' | 'failed';

/** What an operator asked for can't be done; the message says what to do instead. */
export class UpkeepError extends Error {
  readonly failure: UpkeepFailure;

  constructor(failure: UpkeepFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UpkeepError';
    this.failure = failure;
  }
}

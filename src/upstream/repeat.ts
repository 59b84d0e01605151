import { UpstreamError } from './upstreamError.ts';

/**
 * Makes an exchange, and once more, at once, if its connection was lost in place of an answer: one that
 * was idle may have been closed over there just when it was used (RFC 9112 §9.3.1). Not when it was
 * refused or time ran out, where another try has no better prospect.
 */
export async function onceMoreIfLost<T>(exchange: () => Promise<T>): Promise<T> {
  try {
    return await exchange();
  } catch (error) {
    if (error instanceof UpstreamError && error.symptom === 'connection_lost') {
      return await exchange();
    }
    throw error;
  }
}

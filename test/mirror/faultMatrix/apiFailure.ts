import type { Meaning } from './meanings.ts';

/** What a call of the API comes to while the fault stays. */
export interface ApiFailure {
  /** What the client is told. */
  readonly answer: string;
  /** How many requests it takes to give up. */
  readonly tries: 1 | 2;
  /** Seconds for which the next call is refused unasked, where the circuit is open. */
  readonly closedFor?: number;
}

/** What is not held can't be had now; clients go elsewhere. */
export function unavailable(seconds: number): string {
  return `503 UNAVAILABLE, again in ${seconds} s`;
}

/** How a call fails by what the fault means. */
export function apiFailureOf(meaning: Meaning): ApiFailure {
  switch (meaning) {
    case 'broken':
      // It may have been an idle connection that was closed just then.
      return { answer: unavailable(10), tries: 2 };
    case 'refused':
      // The token may have been revoked.
      return { answer: unavailable(10), tries: 2 };
    case 'silent':
    case 'stalled':
      // Another time-out would tell nothing new.
      return { answer: unavailable(10), tries: 1, closedFor: 1 };
    case 'abuse_limit':
      return { answer: unavailable(60), tries: 1, closedFor: 60 };
    case 'pull_limit':
      return { answer: '429 TOOMANYREQUESTS, again in 60 s', tries: 1 };
    case 'absent':
      return { answer: '404 MANIFEST_UNKNOWN', tries: 1 };
    case 'gone':
      return { answer: '404 NAME_UNKNOWN', tries: 1 };
    case 'cut':
    case 'error':
    case 'throttled':
    case 'forbidden':
      return { answer: unavailable(10), tries: 1 };
    default:
      throw new Error(`there is no rule for ${meaning} at the API`);
  }
}

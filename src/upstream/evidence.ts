import { RegistryError } from '../registry/errors.ts';
import { UpstreamError } from './upstreamError.ts';

/** What the failure of a call says about whether its upstream can be asked. */
export type Evidence =
  /** it answers, if not what was wanted */
  | { readonly kind: 'there' }
  /**
   * it is away; `slow` when it took the whole time of a call to find that out, `wide` when it can't be due
   * to what was asked for
   */
  | {
      readonly kind: 'away';
      readonly error: UpstreamError;
      readonly slow: boolean;
      readonly wide: boolean;
    }
  /** it said for how many milliseconds it does not want to be asked */
  | { readonly kind: 'throttled'; readonly error: UpstreamError; readonly milliseconds: number }
  /** nothing: it was not asked at all, or something else is at fault */
  | { readonly kind: 'none' };

/**
 * Reads a failure. A status below 500 is a sign of life whatever it was, a refused log-in too; accounts
 * that are set aside and forbidden addresses come to light before anything is sent.
 */
export function evidenceOf(error: unknown): Evidence {
  if (error instanceof RegistryError) return { kind: 'there' };
  if (!(error instanceof UpstreamError)) return { kind: 'none' };
  const { failure, status, retryAfter, symptom } = error;
  if (failure === 'abuse_limit') {
    // Without a time it is no less of a reason to ask more seldom.
    if (retryAfter === undefined) return { kind: 'away', error, slow: false, wide: true };
    return { kind: 'throttled', error, milliseconds: retryAfter * 1000 };
  }
  if (failure === 'unreachable' || (failure === 'server_error' && (status ?? 500) >= 500)) {
    const wide = symptom === 'not_connected' || symptom === 'connect_timed_out';
    const slow = symptom === 'timed_out' || symptom === 'connect_timed_out';
    return { kind: 'away', error, slow, wide };
  }
  return { kind: status === undefined ? 'none' : 'there' };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { UpstreamError } from '../upstream/upstreamError.ts';

/** How much patience an opening has. */
export interface Patience {
  /** Milliseconds to wait before the tries of a transfer; an opening takes the first of them. */
  readonly resumeDelays: readonly number[];
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonicNow: () => number;
}

// Clients wait for headers all the while, and could have them from elsewhere.
const repeats = 2;
const patience = 5_000;

/**
 * Opens a transfer of which no client has seen anything yet. What may have been bad luck is tried
 * again, but not for long: a fast 503 lets clients go to the registry itself.
 */
export async function openPatiently<T>(
  open: () => Promise<T>,
  { resumeDelays, monotonicNow }: Patience,
  signal: AbortSignal,
): Promise<T> {
  const began = monotonicNow();
  for (const delay of resumeDelays.slice(0, repeats)) {
    try {
      return await open();
    } catch (error) {
      if (!mayPass(error) || monotonicNow() - began > patience) throw error;
    }
    await sleep(delay, undefined, { signal });
  }
  return open();
}

/** Whether the failure may be over at once. An upstream that said when to come back is not asked before. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof UpstreamError) || error.retryAfter !== undefined) return false;
  const { failure, status } = error;
  return failure === 'unreachable' || (failure === 'server_error' && status !== 416);
}

import type {
  DamageFound,
  VerificationDone,
  VerificationProgress,
} from '../upkeep/verification/verification.ts';
import { showBytes, showCount, showSpan } from './statsUnits.ts';

/** A damaged blob in a line. */
export function damageLine({ digest, size, reason, quarantinedAs }: DamageFound): string {
  const where = quarantinedAs === null ? 'there is no file to keep' : `moved to ${quarantinedAs}`;
  return `damaged: ${digest} (${showBytes(size)}): ${reason}; ${where}`;
}

/** That a verification goes on where an earlier one was interrupted. */
export function resumedLine({ blobs, bytes }: VerificationProgress): string {
  const done = `${showCount(blobs)} ${noun(blobs)} (${showBytes(bytes)})`;
  return `going on with a verification that was interrupted, after ${done}; --restart begins anew`;
}

/** The totals. */
export function doneLine({ blobs, bytes, damaged, seconds }: VerificationDone): string {
  const what = `verified ${showCount(blobs)} ${noun(blobs)} (${showBytes(bytes)})`;
  const findings = damaged === 0 ? 'all are intact' : `${showCount(damaged)} damaged`;
  const healing = damaged === 0 ? '' : ', which the next pull fetches anew';
  return `${what} in ${showSpan(seconds * 1000)}: ${findings}${healing}`;
}

/** That it was interrupted by a signal, and what to do. */
export function interruptedLine(last: VerificationProgress | undefined): string {
  const far =
    last === undefined ? '' : ` after ${showBytes(last.bytes)} of ${showBytes(last.totalBytes)}`;
  return `interrupted${far}: "pullthrough verify" goes on there the next time`;
}

function noun(count: number): string {
  return count === 1 ? 'blob' : 'blobs';
}

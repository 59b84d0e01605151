import { buildUpkeep } from '../../src/cli/buildUpkeep.ts';
import type { Upkeep } from '../../src/upkeep/upkeep.ts';
import type { VerificationObserver } from '../../src/upkeep/verification/verificationObserver.ts';
import type { TestMirror } from '../support/testMirror.ts';

const untold: VerificationObserver = { scrubbed: () => undefined, damageFound: () => undefined };

/** The upkeep of a mirror under test. */
export function upkeepOf({ mirror, store, directory }: TestMirror): Upkeep {
  const { upkeep } = buildUpkeep({
    configuration: {
      offline: false,
      storage: { directory, maxSize: undefined, minFree: 0, pin: [] },
    },
    store,
    mirror,
    failures: {
      report: (error) => {
        throw error;
      },
    },
    verificationObserver: untold,
    monotonicNow: () => performance.now(),
  });
  return upkeep;
}

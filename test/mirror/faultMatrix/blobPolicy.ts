import { apiFailureOf, unavailable } from './apiFailure.ts';
import type { Cell } from './cell.ts';
import type { Meaning } from './meanings.ts';
import { plus, type PullOutcome } from './outcome.ts';
import { fetched } from './undisturbed.ts';

// Of a mirror with three `resumeDelays`, of which an opening takes two.
const openings = 3;
const resumes = 3;

/** The layer's transfer, from its first request on. */
export function transferring(cell: Cell, meaning: Meaning): PullOutcome {
  const once = cell.lifetime === 'once';
  const reachesCdn = cell.stage !== 'blob_redirect' || meaning === 'expired';
  /** The transfer is opened so often in vain. */
  const failed = (answer: string, times: number) => layer(answer, times, reachesCdn ? times : 0);
  /** It is opened once more than the fault lasts. */
  const healed = () => layer('200 miss', 2, reachesCdn ? 2 : 1);
  switch (meaning) {
    case 'broken':
    case 'error':
    case 'expired':
      return once ? healed() : failed(unavailable(10), openings);
    case 'refused':
      // The token is replaced once.
      return withToken(once ? healed() : failed(unavailable(10), 2));
    case 'cut':
    case 'stalled':
      // At 99 % the rest is shorter than what each answer brings.
      return once || cell.stage === 'blob at 99 %'
        ? healed()
        : failed('200 miss short', 1 + resumes);
    case 'overlong':
      // What is beyond the end is asked for once, and refused with 416.
      return failed('200 miss short', 2);
    case 'wrong':
      return failed('200 miss short', 1);
    case 'absent':
      return failed('404 BLOB_UNKNOWN', 1);
    case 'silent':
      // The second try is refused by the circuit.
      return failed(unavailable(1), 1);
    default:
      return failed(apiFailureOf(meaning).answer, 1);
  }
}

/** The request that takes a transfer up again which was cut in the middle. */
export function resuming({ lifetime }: Cell, meaning: Meaning): PullOutcome {
  const cutOff = (resumed: number) => layer('200 miss short', 1 + resumed, 1 + resumed);
  const healed = layer('200 miss', 3, 3);
  switch (meaning) {
    case 'wrong':
    case 'absent':
    case 'abuse_limit':
      return cutOff(1);
    case 'silent':
      // The clock stands still while the fault stays, so the circuit remains open.
      return lifetime === 'once' ? healed : cutOff(1);
    default:
      return lifetime === 'once' ? healed : cutOff(resumes);
  }
}

/** A pull that goes well up to the layer, for which so many requests go to the registry and the CDN. */
function layer(answer: string, blobGets: number, cdnGets: number): PullOutcome {
  return {
    client: ['HEAD 200 miss', 'manifest 200 miss', 'config 200 miss', `layer ${answer}`],
    upstream: plus(fetched, { blob_get: 1 + blobGets, cdn_get: 1 + cdnGets }),
  };
}

function withToken({ client, upstream }: PullOutcome): PullOutcome {
  return { client, upstream: plus(upstream, { token: 1 }) };
}

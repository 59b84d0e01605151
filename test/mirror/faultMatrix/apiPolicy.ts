import { apiFailureOf, unavailable } from './apiFailure.ts';
import type { Cell, Stage } from './cell.ts';
import type { Meaning } from './meanings.ts';
import { noRequests, plus, type PullOutcome, type Requests } from './outcome.ts';
import { blobsFetched, fetched, pulled, resolved, undisturbed } from './undisturbed.ts';

/**
 * Nothing is known of the tag when the fault strikes. A client whose HEAD fails goes on to GET by the tag:
 * what was over in between costs it nothing more, and a circuit that is open refuses it unasked.
 */
export function resolving(cell: Cell, meaning: Meaning): PullOutcome {
  const { stage, lifetime } = cell;
  if (meaning === 'nameless' || meaning === 'sizeless') {
    // The HEAD had to fetch the manifest by itself.
    return { client: ['HEAD 200 miss', 'manifest 200 hit', ...blobsFetched], upstream: pulled };
  }
  if (meaning === 'absent' || meaning === 'gone') return remembered(cell, meaning);
  const { answer, tries, closedFor } = apiFailureOf(meaning);
  if (lifetime === 'once' && tries > 1) return healed(cell, meaning);
  if (closedFor !== undefined) {
    return {
      client: [headAnswer(answer), `manifest ${unavailable(closedFor)}`],
      upstream: endingAt(stage, meaning, tries),
    };
  }
  if (lifetime === 'once') {
    const { client, upstream } = undisturbed(cell);
    return {
      client: [headAnswer(answer), ...client.slice(1)],
      upstream: plus(upstream, { [stage]: 1 }),
    };
  }
  return {
    client: [headAnswer(answer), `manifest ${answer}`],
    upstream: endingAt(stage, meaning, 2 * tries),
  };
}

/** All is held and the tag is to be confirmed: it is served stale, unless it is said to be gone. */
export function confirming(cell: Cell, meaning: Meaning): PullOutcome {
  const { stage, lifetime } = cell;
  const whole = undisturbed(cell);
  if (meaning === 'sizeless') return whole;
  if (meaning === 'nameless') return { ...whole, upstream: plus(resolved, { manifest_get: 1 }) };
  if (meaning === 'absent' || meaning === 'gone') return remembered(cell, meaning);
  const { tries } = apiFailureOf(meaning);
  if (lifetime === 'once' && tries > 1) return healed(cell, meaning);
  return {
    client: ['HEAD 200 stale', ...whole.client.slice(1)],
    upstream: endingAt(stage, meaning, tries),
  };
}

/** The tag is known, its manifest is fetched by digest; without it the client goes elsewhere. */
export function fetching(cell: Cell, meaning: Meaning): PullOutcome {
  const { stage, lifetime } = cell;
  const { answer, tries } = apiFailureOf(meaning);
  if (lifetime === 'once' && tries > 1) return healed(cell, meaning);
  return {
    client: ['HEAD 200 miss', `manifest ${answer}`],
    upstream: plus(fetched, further(stage, meaning, tries - 1)),
  };
}

/** What was said not to exist is not asked for again for a while: the GET is told the same, unasked. */
function remembered({ stage }: Cell, meaning: Meaning): PullOutcome {
  const { answer, tries } = apiFailureOf(meaning);
  return {
    client: [headAnswer(answer), `manifest ${answer}`],
    upstream: endingAt(stage, meaning, tries),
  };
}

/** The second try of the call went well. */
function healed(cell: Cell, meaning: Meaning): PullOutcome {
  const { client, upstream } = undisturbed(cell);
  return { client, upstream: plus(upstream, further(cell.stage, meaning, 1)) };
}

/** So many further requests at the stage; a token that was not accepted is replaced each time. */
function further(stage: Stage, meaning: Meaning, times: number): Partial<Requests> {
  return { [stage]: times, ...(meaning === 'refused' ? { token: times } : {}) };
}

/** The requests of a pull that ends at the stage, after so many requests there. */
function endingAt(stage: Stage, meaning: Meaning, requests: number): Requests {
  const hasToken = stage !== 'token' && meaning !== 'refused';
  return plus({ ...noRequests, token: hasToken ? 1 : 0 }, further(stage, meaning, requests));
}

/** An answer without the code, for which a HEAD has no body. */
function headAnswer(answer: string): string {
  return `HEAD ${answer.replace(/ [A-Z_]+/, '')}`;
}

import { setTimeout as delay } from 'node:timers/promises';
import { Agent, type Dispatcher } from 'undici';
import type { Ledger } from './ledger.ts';
import type { MirrorUnderStorm } from './mirrorUnderStorm.ts';
import { Pull } from './pull.ts';
import type { PullPlan } from './pullPlan.ts';

/** Whom clients pull from, and who writes down how it goes. */
export interface ClientsParts {
  readonly mirror: MirrorUnderStorm;
  readonly ledger: Ledger;
  /** Whether the Hub ever spoilt an answer with this content. */
  readonly everSpoilt: (digest: string) => boolean;
}

// containerd ≥ 2.3 gives up when headers take so long.
const headersTimeout = 30_000;
const connectionsOfOne = 8;

/**
 * Lets clients take up pull after pull until there are no more. `attempts`: after how many a pull of an
 * image that is not fully held is given up; those after which the mirror was killed don't count.
 */
export async function pullAll(
  plans: Iterable<PullPlan>,
  clients: number,
  attempts: number,
  parts: ClientsParts,
): Promise<void> {
  const rest = plans[Symbol.iterator]();
  const work = async (): Promise<void> => {
    const dispatcher = new Agent({ connections: connectionsOfOne, headersTimeout });
    try {
      for (let next = rest.next(); next.done !== true; next = rest.next()) {
        await pullOne(next.value, dispatcher, attempts, parts);
      }
    } finally {
      await dispatcher.destroy();
    }
  };
  await Promise.all(Array.from({ length: clients }, work));
}

/** Pulls until it is there, or the client has hung up or lost patience. */
async function pullOne(
  plan: PullPlan,
  dispatcher: Dispatcher,
  attempts: number,
  { mirror, ledger, everSpoilt }: ClientsParts,
): Promise<void> {
  const { tally, violations } = ledger;
  const begin = (): Pull =>
    new Pull(plan, {
      url: mirror.url,
      dispatcher,
      everSpoilt,
      lied: (what) => violations.push(what),
      resumed: () => (tally.resumes += 1),
    });
  let pull = begin();
  let wasPromised = ledger.isPromised(plan);
  tally.pulls += 1;
  if (wasPromised) tally.promised += 1;
  for (let left = attempts - 1; ; tally.retries += 1) {
    const { deaths, isServing } = mirror;
    const promised = ledger.isPromised(plan);
    // What came before the image was held may have been spoilt: no promise is made about that.
    if (promised && !wasPromised) pull = begin();
    wasPromised = promised;
    const attempt = await pull.attempt(promised);
    ledger.attempted(plan, attempt);
    if (attempt.outcome === 'complete') tally.complete += 1;
    if (attempt.outcome === 'hung up') tally.hungUp += 1;
    if (attempt.outcome !== 'failed') return;
    if (!isServing || mirror.deaths !== deaths) {
      tally.afterKill += 1;
      await mirror.serving;
      continue;
    }
    if (promised || left === 0) {
      const { repository } = plan.target;
      if (promised) violations.push(`${repository} by ${plan.by} was held: ${attempt.why}`);
      tally.givenUp += 1;
      return;
    }
    left -= 1;
    await delay(plan.patience);
  }
}

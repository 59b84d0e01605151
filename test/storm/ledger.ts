import type { Attempt } from './pull.ts';
import type { PullPlan } from './pullPlan.ts';
import type { Target } from './stormImages.ts';

/** What clients did and what became of it. */
export interface Tally {
  pulls: number;
  complete: number;
  hungUp: number;
  /** Given up; only pulls of images that were not fully held may be. */
  givenUp: number;
  /** Attempts that followed a failed one. */
  retries: number;
  /** Of the retries, those after an attempt during which the mirror was killed or starting. */
  afterKill: number;
  /** Requests for the rest of a blob. */
  resumes: number;
  /** Pulls of images that were fully held when they began. */
  promised: number;
}

/** What was promised, what was not kept, and how often what happened. */
export class Ledger {
  readonly tally: Tally = {
    pulls: 0,
    complete: 0,
    hungUp: 0,
    givenUp: 0,
    retries: 0,
    afterKill: 0,
    resumes: 0,
    promised: 0,
  };
  /** What must not happen and did, in the order in which it happened. */
  readonly violations: string[] = [];
  /** Why attempts failed, without digests, and how many each. */
  readonly failures = new Map<string, number>();
  readonly #held = new Set<Target>();
  readonly #tagged = new Set<Target>();

  /**
   * Whether the image is fully held: some pull of it, over by now, got every manifest and blob from what
   * the mirror holds, and, for a pull by tag, some pull got it by that tag. From then on it has to succeed
   * at the first attempt, whatever the upstream does.
   */
  isPromised({ target, by }: Pick<PullPlan, 'target' | 'by'>): boolean {
    return this.#held.has(target) && (by === 'digest' || this.#tagged.has(target));
  }

  /** How many images, by platform, are fully held. */
  get held(): number {
    return this.#held.size;
  }

  /** Notes how an attempt ended. */
  attempted({ target, by }: PullPlan, attempt: Attempt): void {
    if (attempt.outcome === 'failed') {
      const why = attempt.why.replaceAll(/sha256:[0-9a-f]+/g, 'DIGEST').replaceAll(/:\d{5}\b/g, '');
      this.failures.set(why, (this.failures.get(why) ?? 0) + 1);
    }
    if (attempt.outcome !== 'complete') return;
    if (attempt.wasHeld) this.#held.add(target);
    if (by === 'tag') this.#tagged.add(target);
  }
}

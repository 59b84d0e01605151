import type { Digest } from '../registry/digest.ts';

/** What imports bring while they are under way, which no repository has before they end. */
export class Arrivals {
  readonly #underWay = new Set<ReadonlySet<Digest>>();

  /** Does an import. What that adds to the set is arriving from then on until the import has ended, however it ends. */
  async during<Result>(work: (arriving: Set<Digest>) => Promise<Result>): Promise<Result> {
    const arriving = new Set<Digest>();
    this.#underWay.add(arriving);
    try {
      return await work(arriving);
    } finally {
      this.#underWay.delete(arriving);
    }
  }

  /** Whether an import that is under way brings it, or brought it. */
  isArriving(digest: Digest): boolean {
    return this.#underWay.values().some((arriving) => arriving.has(digest));
  }
}

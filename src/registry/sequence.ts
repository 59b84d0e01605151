/** What one place of a sequence has to hold; `any` stands for any number of places. */
export type Wanted<T> = 'any' | ((element: T) => boolean);

/**
 * Whether the whole sequence is as wanted. After a failure only the last `any` takes one more: where a
 * part between two of them fits first is as good as any later place. So the time is the product of the
 * lengths at most, where running back through all of them would be exponential.
 */
export function matchesSequence<T>(wanted: readonly Wanted<T>[], given: ArrayLike<T>): boolean {
  let [place, at] = [0, 0];
  let resume: { readonly place: number; at: number } | undefined;
  while (at < given.length) {
    const want = wanted[place];
    if (want === 'any') {
      place += 1;
      resume = { place, at };
    } else if (want?.(given[at] as T)) {
      place += 1;
      at += 1;
    } else if (resume === undefined) {
      return false;
    } else {
      resume.at += 1;
      ({ place, at } = resume);
    }
  }
  return wanted.slice(place).every((want) => want === 'any');
}
